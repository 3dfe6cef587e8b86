# optimizers: Powell against gradients, from the same starts, at the same cost. (1.a)

OPTIMIZERS_FIGURES = ["convergence", "error_by_rate", "final_errors"]
TUNINGS = [
    f"results/optimizers/cells/{cell}/tuning.csv"
    for cell, steps in CELLS["optimizers"].items()
    if "tune" in steps
]


rule optimizers:
    input:
        "results/optimizers/metrics.json",
        figures(*[f"results/optimizers/figures/{name}" for name in OPTIMIZERS_FIGURES]),


rule tune_optimizers:
    input:
        fonts=FONTS,
    output:
        tuning="results/optimizers/cells/{optimizer}/{network}/tuning.csv",
    log:
        "logs/tune_optimizers/{optimizer}/{network}.log",
    params:
        **step(
            "tune_optimizers",
            settings=settings("optimizers", "tune"),
            unused=unused_optimizers("optimizers", "tune"),
        ),
    shell:
        RUN


rule train_optimizers:
    input:
        fonts=FONTS,
        tuning=tuning,
    output:
        weights="results/optimizers/cells/{optimizer}/{network}/weights.npz",
        history="results/optimizers/cells/{optimizer}/{network}/history.csv",
        runs="results/optimizers/cells/{optimizer}/{network}/runs.csv",
    log:
        "logs/train_optimizers/{optimizer}/{network}.log",
    params:
        **step(
            "train_optimizers",
            settings=settings("optimizers", "train"),
            unused=unused_optimizers("optimizers", "train"),
        ),
    shell:
        RUN


rule evaluate_optimizers:
    input:
        fonts=FONTS,
        weights="results/optimizers/cells/{optimizer}/{network}/weights.npz",
    output:
        scores="results/optimizers/cells/{optimizer}/{network}/scores.csv",
    log:
        "logs/evaluate_optimizers/{optimizer}/{network}.log",
    params:
        **step("evaluate_optimizers", settings=settings("optimizers", "evaluate")),
    shell:
        RUN


rule tabulate_optimizers:
    input:
        of_cells("optimizers", "history.csv", "runs.csv", "scores.csv"),
        TUNINGS,
        published=PUBLISHED,
    output:
        convergence="results/optimizers/tables/convergence.csv",
        profiles="results/optimizers/tables/performance_profiles.csv",
        tuning="results/optimizers/tables/tuning.csv",
        replicates="results/optimizers/tables/replicates.csv",
        summary="results/optimizers/tables/summary.csv",
        ends="results/optimizers/tables/ends.csv",
        metrics="results/optimizers/metrics.json",
    log:
        "logs/tabulate_optimizers.log",
    params:
        **step(
            "tabulate_optimizers",
            settings=section("optimizers"),
            results=subpath(output.metrics, parent=True),
        ),
    shell:
        RUN


rule plot_optimizers:
    input:
        convergence="results/optimizers/tables/convergence.csv",
        tuning="results/optimizers/tables/tuning.csv",
        replicates="results/optimizers/tables/replicates.csv",
        spanish=SPANISH,
    output:
        figures(*[f"results/optimizers/figures/{name}" for name in OPTIMIZERS_FIGURES]),
    log:
        "logs/plot_optimizers.log",
    params:
        **step("plot_optimizers", figures=subpath(output[0], parent=True)),
    shell:
        RUN
