# architectures: which of the six architectures learns the letters best? (1.a)
# A cell has one published network, or networks of the factorial that differ in the latent width.

ARCHITECTURES_FIGURES = [
    "learning_curves",
    "final_errors",
    "wrong_pixels",
    "factorial",
]


rule architectures:
    input:
        "results/architectures/metrics.json",
        figures(
            *[
                f"results/architectures/figures/{name}"
                for name in ARCHITECTURES_FIGURES
            ]
        ),


rule train_architectures:
    input:
        fonts=FONTS,
    output:
        weights="results/architectures/cells/{network}/{encoder}/weights.npz",
        history="results/architectures/cells/{network}/{encoder}/history.csv",
        runs="results/architectures/cells/{network}/{encoder}/runs.csv",
    log:
        "logs/train_architectures/{network}/{encoder}.log",
    params:
        **step(
            "train_architectures",
            settings=settings("architectures", "train"),
            unused=unused_optimizers("architectures", "train"),
        ),
    shell:
        RUN


rule evaluate_architectures:
    input:
        fonts=FONTS,
        weights="results/architectures/cells/{network}/{encoder}/weights.npz",
    output:
        scores="results/architectures/cells/{network}/{encoder}/scores.csv",
    log:
        "logs/evaluate_architectures/{network}/{encoder}.log",
    params:
        **step("evaluate_architectures", settings=settings("architectures", "evaluate")),
    shell:
        RUN


rule tabulate_architectures:
    input:
        of_cells("architectures", "history.csv", "runs.csv", "scores.csv"),
        fonts=FONTS,
        published=PUBLISHED,
    output:
        curves="results/architectures/tables/learning_curves.csv",
        replicates="results/architectures/tables/replicates.csv",
        summary="results/architectures/tables/summary.csv",
        factorial="results/architectures/tables/factorial.csv",
        effects="results/architectures/tables/factorial_effects.csv",
        controls="results/architectures/tables/controls.csv",
        levels="results/architectures/tables/epochs_by_level.csv",
        metrics="results/architectures/metrics.json",
    log:
        "logs/tabulate_architectures.log",
    params:
        **step(
            "tabulate_architectures",
            settings=section("architectures"),
            results=subpath(output.metrics, parent=True),
        ),
    shell:
        RUN


rule plot_architectures:
    input:
        curves="results/architectures/tables/learning_curves.csv",
        replicates="results/architectures/tables/replicates.csv",
        factorial="results/architectures/tables/factorial.csv",
        published=PUBLISHED,
        spanish=SPANISH,
    output:
        figures(
            *[
                f"results/architectures/figures/{name}"
                for name in ARCHITECTURES_FIGURES
            ]
        ),
    log:
        "logs/plot_architectures.log",
    params:
        **step("plot_architectures", figures=subpath(output[0], parent=True)),
    shell:
        RUN
