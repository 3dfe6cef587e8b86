# data: image sets, downloaded once (or taken from scikit-learn) and decoded.

IMAGE_FILES = [
    "train_images.npy",
    "train_labels.npy",
    "test_images.npy",
    "test_labels.npy",
]


rule fetch_images:
    input:
        script=script("fetch_images"),
        check=script("check_images"),
    output:
        train_images="data/images/{dataset}/train_images.npy",
        train_labels="data/images/{dataset}/train_labels.npy",
        test_images="data/images/{dataset}/test_images.npy",
        test_labels="data/images/{dataset}/test_labels.npy",
    log:
        "logs/fetch_images/{dataset}.log",
    params:
        settings=image_settings,
        folder=subpath(output.train_images, parent=True),
        code=code("fetch_images"),
    shell:
        # what is checked decides no result: with it among the settings, or in a job between images
        # and trainings, an edit of a knob that only measures would train anew
        "( python {input.script:q} --settings {params.settings:q} --folder {params.folder:q}"
        " && python {input.check:q} --parameters params.yaml --images {params.folder:q} )"
        " 2> {log:q}"
