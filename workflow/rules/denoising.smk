# denoising: how well are letters cleaned of noise, fresh noise included? (1.b)

DENOISER = "{font}/{network}/{kind}/{probability}/{range}/{subset}"
DENOISING_FIGURES = ["training_set", "fresh_answers"]


rule denoising:
    input:
        "results/denoising/metrics.json",
        figures(
            *expand(
                "results/denoising/figures/{cell}/{figure}",
                cell=CELLS["denoising"],
                figure=DENOISING_FIGURES,
            ),
            "results/denoising/figures/scores",
        ),


rule train_denoising:
    input:
        script=script("train_denoising"),
        fonts=FONTS,
    output:
        weights=f"results/denoising/cells/{DENOISER}/weights.npz",
        history=f"results/denoising/cells/{DENOISER}/history.csv",
        runs=f"results/denoising/cells/{DENOISER}/runs.csv",
    log:
        f"logs/train_denoising/{DENOISER}.log",
    threads: 1
    params:
        settings=settings("denoising", "train"),
        code=code("train_denoising"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --fonts {input.fonts:q}"
        " --weights {output.weights:q} --history {output.history:q} --runs {output.runs:q}"
        " 2> {log:q}"


rule evaluate_denoising:
    input:
        script=script("evaluate_denoising"),
        fonts=FONTS,
        weights=f"results/denoising/cells/{DENOISER}/weights.npz",
    output:
        scores=f"results/denoising/cells/{DENOISER}/scores.csv",
    log:
        f"logs/evaluate_denoising/{DENOISER}.log",
    threads: 1
    params:
        settings=settings("denoising", "evaluate"),
        code=code("evaluate_denoising"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --fonts {input.fonts:q}"
        " --weights {input.weights:q} --scores {output.scores:q} 2> {log:q}"


rule tabulate_denoising:
    input:
        of_cells("denoising", "history.csv", "runs.csv", "scores.csv"),
        script=script("tabulate_denoising"),
        published=PUBLISHED,
    output:
        curves="results/denoising/tables/learning_curves.csv",
        replicates="results/denoising/tables/replicates.csv",
        summary="results/denoising/tables/summary.csv",
        metrics="results/denoising/metrics.json",
    log:
        "logs/tabulate_denoising.log",
    threads: 1
    params:
        settings=section("denoising"),
        results=subpath(output.metrics, parent=True),
        code=code("tabulate_denoising"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --results {params.results:q}"
        " --published {input.published:q} --curves {output.curves:q}"
        " --replicates {output.replicates:q} --summary {output.summary:q}"
        " --metrics {output.metrics:q} 2> {log:q}"


rule plot_denoising:
    input:
        script=script("plot_denoising"),
        summary="results/denoising/tables/summary.csv",
    output:
        report(
            figures("results/denoising/figures/scores"),
            category="1.b Denoising",
            subcategory="all cells",
            caption="../report/denoising.rst",
        ),
    log:
        "logs/plot_denoising.log",
    threads: 1
    params:
        folder=subpath(output[0], parent=True),
        code=code("plot_denoising"),
    shell:
        "python {input.script:q} --summary {input.summary:q} --figures {params.folder:q} 2> {log:q}"


rule draw_denoising:
    input:
        script=script("draw_denoising"),
        fonts=FONTS,
        weights=f"results/denoising/cells/{DENOISER}/weights.npz",
        history=f"results/denoising/cells/{DENOISER}/history.csv",
    output:
        report(
            figures(
                *[
                    f"results/denoising/figures/{DENOISER}/{name}"
                    for name in DENOISING_FIGURES
                ]
            ),
            category="1.b Denoising",
            subcategory="{font} {network} {kind} {probability} {range} {subset}",
            caption="../report/denoising.rst",
        ),
    log:
        f"logs/draw_denoising/{DENOISER}.log",
    threads: 1
    params:
        settings=settings("denoising", "plot"),
        folder=subpath(output[0], parent=True),
        code=code("draw_denoising"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --fonts {input.fonts:q}"
        " --weights {input.weights:q} --history {input.history:q} --figures {params.folder:q}"
        " 2> {log:q}"
