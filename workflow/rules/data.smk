# data: image sets, downloaded once (or taken from scikit-learn) and decoded.

IMAGE_FILES = [
    "train_images.npy",
    "train_labels.npy",
    "test_images.npy",
    "test_labels.npy",
]


rule fetch_images:
    output:
        multiext("data/images/{dataset}/", *IMAGE_FILES),
    log:
        "logs/fetch_images/{dataset}.log",
    params:
        **step(
            "fetch_images",
            messages=False,  # images are numbers
            settings=image_settings,
            folder=subpath(output[0], parent=True),
        ),
        # what it checks decides no result: with it among the settings, or in a job between images
        # and trainings, an edit of a knob that only measures would train anew
        check=here("workflow/scripts/check_images.py"),
    shell:
        "( {params.command}"
        " && python {params.check:q} --parameters params.yaml --images {params.folder:q} )"
        " 2> {log:q}"
