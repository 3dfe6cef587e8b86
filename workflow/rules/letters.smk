# letters: the named networks for each font: latent plane, reconstructions, new letters; and
# how small a network without errors may be. (1.a)

from latentlab.experiments.letters.plan import letters_drawn

LETTERS_FIGURES = ["front", "letter_errors", "latent_spaces"]
# of every named network on every font
LETTERS_CELL_FIGURES = [
    "learning_curve",
    "reconstructions",
    "latent_map",
    "regions",
    "latent_plane",
    "latent_plane_published_window",
    "paths",
    "distances",
    "new_letters",
]


rule letters:
    input:
        "results/letters/metrics.json",
        figures(
            *expand("results/letters/figures/{figure}", figure=LETTERS_FIGURES),
            *expand(
                "results/letters/figures/{cell}/{figure}",
                cell=letters_drawn(PARAMS["letters"]),
                figure=LETTERS_CELL_FIGURES,
            ),
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
        letters="results/letters/cells/{font}/{network}/letters.csv",
    log:
        "logs/evaluate_letters/{font}/{network}.log",
    params:
        settings=settings("letters", "evaluate"),
        code=code("evaluate_letters"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --fonts {input.fonts:q}"
        " --weights {input.weights:q} --scores {output.scores:q}"
        " --letters {output.letters:q} 2> {log:q}"


rule tabulate_letters:
    input:
        of_cells("letters", "history.csv", "runs.csv", "scores.csv", "letters.csv"),
        script=script("tabulate_letters"),
        published=PUBLISHED,
        fonts=FONTS,
    output:
        curves="results/letters/tables/learning_curves.csv",
        replicates="results/letters/tables/replicates.csv",
        summary="results/letters/tables/summary.csv",
        letters="results/letters/tables/letters.csv",
        new_letters="results/letters/tables/new_letters.csv",
        front="results/letters/tables/front.csv",
        metrics="results/letters/metrics.json",
    log:
        "logs/tabulate_letters.log",
    params:
        settings=section("letters"),
        results=subpath(output.metrics, parent=True),
        code=code("tabulate_letters"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --results {params.results:q}"
        " --published {input.published:q} --fonts {input.fonts:q} --curves {output.curves:q}"
        " --replicates {output.replicates:q} --summary {output.summary:q}"
        " --letters {output.letters:q} --new-letters {output.new_letters:q}"
        " --front {output.front:q} --metrics {output.metrics:q} 2> {log:q}"


rule plot_letters:
    input:
        script=script("plot_letters"),
        summary="results/letters/tables/summary.csv",
        replicates="results/letters/tables/replicates.csv",
        letters="results/letters/tables/letters.csv",
        front="results/letters/tables/front.csv",
    output:
        report(
            figures(*[f"results/letters/figures/{name}" for name in LETTERS_FIGURES]),
            category="1.a Letters",
            subcategory="all cells",
            caption="../report/letters.rst",
        ),
    log:
        "logs/plot_letters.log",
    params:
        folder=subpath(output[0], parent=True),
        code=code("plot_letters"),
    shell:
        "python {input.script:q} --summary {input.summary:q} --replicates {input.replicates:q}"
        " --letters {input.letters:q} --front {input.front:q} --figures {params.folder:q}"
        " 2> {log:q}"


rule draw_letters:
    input:
        script=script("draw_letters"),
        fonts=FONTS,
        weights="results/letters/cells/{font}/{network}/weights.npz",
        history="results/letters/cells/{font}/{network}/history.csv",
        published=PUBLISHED,
    output:
        report(
            figures(
                *[
                    f"results/letters/figures/{{font}}/{{network}}/{name}"
                    for name in LETTERS_CELL_FIGURES
                ]
            ),
            category="1.a Letters",
            subcategory="{font} {network}",
            caption="../report/letters.rst",
        ),
    log:
        "logs/draw_letters/{font}/{network}.log",
    params:
        settings=settings("letters", "draw"),
        folder=subpath(output[0], parent=True),
        code=code("draw_letters"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --fonts {input.fonts:q}"
        " --weights {input.weights:q} --history {input.history:q}"
        " --published {input.published:q} --figures {params.folder:q}"
        " 2> {log:q}"
