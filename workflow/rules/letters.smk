# letters: the named networks for each font: latent plane, reconstructions, new letters; and
# how small a network without errors may be. (1.a)

from latentlab.experiments.letters.plan import letters_illustrated, letters_introduced

LETTERS_FIGURES = ["front", "letter_errors", "latent_spaces"]
# of every named network on one font
LETTERS_CELL_FIGURES = [
    "learning_curve",
    "reconstructions",
    "latent_plane",
    "regions",
    "paths",
    "new_letters",
]
# of the first of them, which stands for what an autoencoder is
INTRODUCTION = ["autoencoder", "alphabet", "new_letter"]
INTRODUCED = "{font}/{network}".format(**letters_introduced(PARAMS["letters"]))


rule letters:
    input:
        "results/letters/metrics.json",
        figures(
            *expand(
                "results/letters/figures/{figure}",
                figure=LETTERS_FIGURES + INTRODUCTION,
            ),
            *expand(
                "results/letters/figures/{cell}/{figure}",
                cell=letters_illustrated(PARAMS["letters"]),
                figure=LETTERS_CELL_FIGURES,
            ),
        ),


rule train_letters:
    input:
        fonts=FONTS,
    output:
        weights="results/letters/cells/{font}/{network}/weights.npz",
        history="results/letters/cells/{font}/{network}/history.csv",
        runs="results/letters/cells/{font}/{network}/runs.csv",
    log:
        "logs/train_letters/{font}/{network}.log",
    params:
        **step(
            "train_letters",
            settings=settings("letters", "train"),
            unused=unused_optimizers("letters", "train"),
        ),
    shell:
        RUN


rule evaluate_letters:
    input:
        fonts=FONTS,
        weights="results/letters/cells/{font}/{network}/weights.npz",
    output:
        scores="results/letters/cells/{font}/{network}/scores.csv",
        letters="results/letters/cells/{font}/{network}/letters.csv",
    log:
        "logs/evaluate_letters/{font}/{network}.log",
    params:
        **step("evaluate_letters", settings=settings("letters", "evaluate")),
    shell:
        RUN


rule tabulate_letters:
    input:
        of_cells("letters", "history.csv", "runs.csv", "scores.csv", "letters.csv"),
        published=PUBLISHED,
        fonts=FONTS,
    output:
        curves="results/letters/tables/learning_curves.csv",
        replicates="results/letters/tables/replicates.csv",
        summary="results/letters/tables/summary.csv",
        letters="results/letters/tables/letters.csv",
        new_letters="results/letters/tables/new_letters.csv",
        controls="results/letters/tables/controls.csv",
        front="results/letters/tables/front.csv",
        metrics="results/letters/metrics.json",
    log:
        "logs/tabulate_letters.log",
    params:
        **step(
            "tabulate_letters",
            settings=by_file({"seed": PARAMS["seed"], **PARAMS["letters"]}),
            results=subpath(output.metrics, parent=True),
        ),
    shell:
        RUN


rule plot_letters:
    input:
        summary="results/letters/tables/summary.csv",
        replicates="results/letters/tables/replicates.csv",
        letters="results/letters/tables/letters.csv",
        front="results/letters/tables/front.csv",
        spanish=SPANISH,
    output:
        figures(*[f"results/letters/figures/{name}" for name in LETTERS_FIGURES]),
    log:
        "logs/plot_letters.log",
    params:
        **step("plot_letters", figures=subpath(output[0], parent=True)),
    shell:
        RUN


rule draw_letters:
    input:
        fonts=FONTS,
        weights="results/letters/cells/{font}/{network}/weights.npz",
        history="results/letters/cells/{font}/{network}/history.csv",
        published=PUBLISHED,
        spanish=SPANISH,
    output:
        figures(
            *[
                f"results/letters/figures/{{font}}/{{network}}/{name}"
                for name in LETTERS_CELL_FIGURES
            ]
        ),
    log:
        "logs/draw_letters/{font}/{network}.log",
    params:
        **step(
            "draw_letters",
            settings=settings("letters", "draw"),
            figures=subpath(output[0], parent=True),
        ),
    shell:
        RUN


rule introduce_letters:
    input:
        fonts=FONTS,
        weights=f"results/letters/cells/{INTRODUCED}/weights.npz",
        history=f"results/letters/cells/{INTRODUCED}/history.csv",
        spanish=SPANISH,
    output:
        figures(*[f"results/letters/figures/{name}" for name in INTRODUCTION]),
        facts="results/letters/tables/introduction.json",
    log:
        "logs/introduce_letters.log",
    params:
        **step(
            "introduce_letters",
            settings=by_file(CELLS["letters"][INTRODUCED]["draw"]),
            figures=subpath(output[0], parent=True),
        ),
    shell:
        RUN
