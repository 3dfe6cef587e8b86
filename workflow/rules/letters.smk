# letters: the named networks for each font: latent plane, reconstructions, new letters. (1.a)

LETTERS_FIGURES = [
    "learning_curve",
    "reconstructions",
    "latent_map",
    "latent_plane",
    "latent_plane_published_window",
]


rule letters:
    input:
        "results/letters/metrics.json",
        figures(
            *expand(
                "results/letters/figures/{cell}/{figure}",
                cell=CELLS["letters"],
                figure=LETTERS_FIGURES,
            )
        ),


rule train_letters:
    input:
        script=script("train_letters"),
        fonts=FONTS,
    output:
        weights="results/letters/cells/{font}/{network}/weights.npz",
        history="results/letters/cells/{font}/{network}/history.csv",
        runs="results/letters/cells/{font}/{network}/runs.csv",
    log:
        "logs/train_letters/{font}/{network}.log",
    threads: 1
    params:
        settings=settings("letters", "train"),
        code=code("train_letters"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --fonts {input.fonts:q}"
        " --weights {output.weights:q} --history {output.history:q} --runs {output.runs:q}"
        " 2> {log:q}"


rule evaluate_letters:
    input:
        script=script("evaluate_letters"),
        fonts=FONTS,
        weights="results/letters/cells/{font}/{network}/weights.npz",
    output:
        scores="results/letters/cells/{font}/{network}/scores.csv",
    log:
        "logs/evaluate_letters/{font}/{network}.log",
    threads: 1
    params:
        settings=settings("letters", "evaluate"),
        code=code("evaluate_letters"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --fonts {input.fonts:q}"
        " --weights {input.weights:q} --scores {output.scores:q} 2> {log:q}"


rule tabulate_letters:
    input:
        of_cells("letters", "history.csv", "runs.csv", "scores.csv"),
        script=script("tabulate_letters"),
        published=PUBLISHED,
    output:
        curves="results/letters/tables/learning_curves.csv",
        replicates="results/letters/tables/replicates.csv",
        summary="results/letters/tables/summary.csv",
        metrics="results/letters/metrics.json",
    log:
        "logs/tabulate_letters.log",
    threads: 1
    params:
        settings=section("letters"),
        results=subpath(output.metrics, parent=True),
        code=code("tabulate_letters"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --results {params.results:q}"
        " --published {input.published:q} --curves {output.curves:q}"
        " --replicates {output.replicates:q} --summary {output.summary:q}"
        " --metrics {output.metrics:q} 2> {log:q}"


rule plot_letters:
    input:
        script=script("plot_letters"),
        fonts=FONTS,
        weights="results/letters/cells/{font}/{network}/weights.npz",
        history="results/letters/cells/{font}/{network}/history.csv",
        published=PUBLISHED,
    output:
        report(
            figures(
                *[
                    f"results/letters/figures/{{font}}/{{network}}/{name}"
                    for name in LETTERS_FIGURES
                ]
            ),
            category="1.a Letters",
            subcategory="{font} {network}",
            caption="../report/letters.rst",
        ),
    log:
        "logs/plot_letters/{font}/{network}.log",
    threads: 1
    params:
        settings=settings("letters", "plot"),
        folder=subpath(output[0], parent=True),
        code=code("plot_letters"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --fonts {input.fonts:q}"
        " --weights {input.weights:q} --history {input.history:q}"
        " --published {input.published:q} --figures {params.folder:q}"
        " 2> {log:q}"
