# vae: a variational autoencoder against a plain one, on images. (2)

VAE_FIGURES = [
    "loss_curves",
    "latent_codes",
    "class_density",
    "manifolds",
    "reconstructions",
    "interpolations",
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
        script=script("train_vae"),
        images=multiext("data/images/{dataset}/", *IMAGE_FILES),
    output:
        weights="results/vae/cells/{dataset}/{model}/{replicate}/weights.npz",
        history="results/vae/cells/{dataset}/{model}/{replicate}/history.csv",
    log:
        "logs/train_vae/{dataset}/{model}/{replicate}.log",
    params:
        settings=settings("vae", "train"),
        images=images_folder,
        code=code("train_vae"),
        # keyed by the code too: an edit after a kill does not go on from the old code's state
        checkpoint=f".cache/checkpoints/{code('train_vae')}/{{dataset}}/{{model}}/{{replicate}}.npz",
    shell:
        "python {input.script:q} --settings {params.settings:q} --images {params.images:q}"
        " --weights {output.weights:q} --history {output.history:q}"
        " --checkpoint {params.checkpoint:q} 2> {log:q}"


rule evaluate_vae:
    input:
        script=script("evaluate_vae"),
        images=multiext("data/images/{dataset}/", *IMAGE_FILES),
        weights="results/vae/cells/{dataset}/{model}/{replicate}/weights.npz",
    output:
        scores="results/vae/cells/{dataset}/{model}/{replicate}/scores.csv",
    log:
        "logs/evaluate_vae/{dataset}/{model}/{replicate}.log",
    params:
        settings=settings("vae", "evaluate"),
        images=images_folder,
        code=code("evaluate_vae"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --images {params.images:q}"
        " --weights {input.weights:q} --scores {output.scores:q} 2> {log:q}"


rule tabulate_vae:
    input:
        of_cells("vae", "history.csv", "scores.csv"),
        script=script("tabulate_vae"),
        published=PUBLISHED,
    output:
        curves="results/vae/tables/loss_curves.csv",
        replicates="results/vae/tables/replicates.csv",
        summary="results/vae/tables/summary.csv",
        metrics="results/vae/metrics.json",
    log:
        "logs/tabulate_vae.log",
    params:
        settings=by_file({"seed": PARAMS["seed"], **PARAMS["vae"]}),
        results=subpath(output.metrics, parent=True),
        code=code("tabulate_vae"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --results {params.results:q}"
        " --published {input.published:q} --curves {output.curves:q}"
        " --replicates {output.replicates:q} --summary {output.summary:q}"
        " --metrics {output.metrics:q} 2> {log:q}"


rule plot_vae:
    input:
        of_dataset("weights.npz"),
        script=script("plot_vae"),
        images=multiext("data/images/{dataset}/", *IMAGE_FILES),
        curves="results/vae/tables/loss_curves.csv",
        published=PUBLISHED,
    output:
        report(
            figures(
                *[f"results/vae/figures/{{dataset}}/{name}" for name in VAE_FIGURES]
            ),
            category="2. VAE",
            subcategory="{dataset}",
            caption="../report/vae.rst",
        ),
    log:
        "logs/plot_vae/{dataset}.log",
    params:
        settings=drawn_models,
        results=subpath(input.curves, ancestor=2),
        images=images_folder,
        folder=subpath(output[0], parent=True),
        code=code("plot_vae"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --images {params.images:q}"
        " --results {params.results:q} --curves {input.curves:q}"
        " --published {input.published:q} --figures {params.folder:q}"
        " 2> {log:q}"
