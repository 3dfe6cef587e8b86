# vae: a variational autoencoder against a plain one, on images. (2)

VAE_FIGURES = [
    "loss_curves",
    "latent_codes",
    "manifolds",
    "reconstructions",
    "samples",
]


rule vae:
    input:
        "results/vae/metrics.json",
        figures(
            *expand(
                "results/vae/figures/{dataset}/{figure}",
                dataset=PARAMS["vae"]["datasets"],
                figure=VAE_FIGURES,
            )
        ),


rule train_vae:
    input:
        images=multiext("data/images/{dataset}/", *IMAGE_FILES),
    output:
        weights="results/vae/cells/{dataset}/{model}/{replicate}/weights.npz",
        history="results/vae/cells/{dataset}/{model}/{replicate}/history.csv",
    log:
        "logs/train_vae/{dataset}/{model}/{replicate}.log",
    params:
        **step(
            "train_vae",
            settings=settings("vae", "train"),
            images=images_folder,
            # keyed by the code too: an edit after a kill does not go on from the old code's state
            checkpoint=f".cache/checkpoints/{STUDY.code('train_vae')}/{{dataset}}/{{model}}/{{replicate}}.npz",
        ),
    shell:
        RUN


rule survey_vae:
    input:
        images=multiext("data/images/{dataset}/", *IMAGE_FILES),
    output:
        survey="results/vae/cells/{dataset}/survey.npz",
    log:
        "logs/survey_vae/{dataset}.log",
    params:
        **step("survey_vae", settings=surveyed, images=images_folder),
    shell:
        RUN


rule evaluate_vae:
    input:
        images=multiext("data/images/{dataset}/", *IMAGE_FILES),
        survey="results/vae/cells/{dataset}/survey.npz",
        weights="results/vae/cells/{dataset}/{model}/{replicate}/weights.npz",
    output:
        scores="results/vae/cells/{dataset}/{model}/{replicate}/scores.csv",
    log:
        "logs/evaluate_vae/{dataset}/{model}/{replicate}.log",
    params:
        **step(
            "evaluate_vae",
            settings=settings("vae", "evaluate"),
            images=images_folder,
        ),
    shell:
        RUN


rule control_vae:
    input:
        images=multiext("data/images/{dataset}/", *IMAGE_FILES),
        survey="results/vae/cells/{dataset}/survey.npz",
    output:
        controls="results/vae/cells/{dataset}/controls.csv",
    log:
        "logs/control_vae/{dataset}.log",
    params:
        **step("control_vae", settings=controls, images=images_folder),
    shell:
        RUN


rule tabulate_vae:
    input:
        of_cells("vae", "history.csv", "scores.csv"),
        expand(
            "results/vae/cells/{dataset}/controls.csv",
            dataset=PARAMS["vae"]["datasets"],
        ),
        published=PUBLISHED,
    output:
        curves="results/vae/tables/loss_curves.csv",
        replicates="results/vae/tables/replicates.csv",
        summary="results/vae/tables/summary.csv",
        controls="results/vae/tables/controls.csv",
        areas="results/vae/tables/code_areas.csv",
        metrics="results/vae/metrics.json",
    log:
        "logs/tabulate_vae.log",
    params:
        **step(
            "tabulate_vae",
            settings=by_file({"seed": PARAMS["seed"], **PARAMS["vae"]}),
            results=subpath(output.metrics, parent=True),
        ),
    shell:
        RUN


rule plot_vae:
    input:
        of_dataset("weights.npz"),
        images=multiext("data/images/{dataset}/", *IMAGE_FILES),
        curves="results/vae/tables/loss_curves.csv",
        published=PUBLISHED,
        spanish=SPANISH,
    output:
        figures(*[f"results/vae/figures/{{dataset}}/{name}" for name in VAE_FIGURES]),
    log:
        "logs/plot_vae/{dataset}.log",
    params:
        **step(
            "plot_vae",
            settings=drawn_models,
            results=subpath(input.curves, ancestor=2),
            images=images_folder,
            figures=subpath(output[0], parent=True),
        ),
    shell:
        RUN
