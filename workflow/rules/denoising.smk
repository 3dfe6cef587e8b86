# denoising: how well are letters cleaned of noise, fresh noise included? (1.b)

from latentlab import shown
from latentlab.experiments.denoising.plan import (
    denoising_comparison,
    denoising_drawn,
    denoising_families,
    denoising_letters,
    denoising_noises,
    denoising_orthogonality,
    denoising_plots,
    denoising_variations,
)

DENOISERS = "{font}/{subset}/{network}"
DENOISER = f"{DENOISERS}/{{kind}}/{{probability}}/{{range}}"
DENOISING_FIGURES = ["training_set", "fresh_answers"]
FAMILIES = denoising_families(PARAMS["denoising"])
DENOISING_TESTS = list(denoising_noises(PARAMS["denoising"]["tests"]).values())
ORTHOGONALITY = denoising_orthogonality(PARAMS)


rule denoising:
    input:
        "results/denoising/metrics.json",
        figures(
            *[
                f"results/denoising/figures/{figure}"
                for figure in denoising_plots(PARAMS["denoising"])
            ],
            *[
                f"results/denoising/figures/{letters}/{figure}"
                for letters in denoising_letters(PARAMS["denoising"])
                for figure in DENOISING_FIGURES
            ],
        ),


rule train_denoising:
    input:
        fonts=FONTS,
    output:
        weights=f"results/denoising/cells/{DENOISER}/weights.npz",
        history=f"results/denoising/cells/{DENOISER}/history.csv",
        runs=f"results/denoising/cells/{DENOISER}/runs.csv",
    log:
        f"logs/train_denoising/{DENOISER}.log",
    params:
        **step(
            "train_denoising",
            settings=settings("denoising", "train"),
            unused=unused_optimizers("denoising", "train"),
        ),
    shell:
        RUN


# one job scores all denoisers of a network and letter set: an interpreter's start costs more


rule evaluate_denoising:
    input:
        of_denoisers("weights.npz"),
        fonts=FONTS,
    output:
        scores=f"results/denoising/cells/{DENOISERS}/scores.csv",
        tests=f"results/denoising/cells/{DENOISERS}/tests.csv",
    log:
        f"logs/evaluate_denoising/{DENOISERS}.log",
    params:
        **step(
            "evaluate_denoising",
            settings=denoisers("evaluate", tests=DENOISING_TESTS),
            cells=subpath(output.scores, parent=True),
        ),
    shell:
        RUN


rule compare_denoising:
    input:
        fonts=FONTS,
    output:
        baselines="results/denoising/tables/baselines.csv",
    log:
        "logs/compare_denoising.log",
    params:
        **step("compare_denoising", settings=by_file(denoising_comparison(PARAMS))),
    shell:
        RUN


rule vary_denoising:
    input:
        fonts=FONTS,
    output:
        variations="results/denoising/tables/variations.csv",
    log:
        "logs/vary_denoising.log",
    params:
        **step(
            "vary_denoising",
            settings=by_file(denoising_variations(PARAMS)),
            unused=lambda wildcards: unused_by_denoisers(denoising_variations(PARAMS)),
        ),
    shell:
        RUN


rule relate_denoising:
    input:
        fonts=FONTS,
    output:
        orthogonality="results/denoising/cells/{font}/orthogonality.csv",
    log:
        "logs/relate_denoising/{font}.log",
    params:
        **step(
            "relate_denoising",
            settings=lambda wildcards: by_file(related(wildcards.font)),
            unused=lambda wildcards: unused_by_denoisers(related(wildcards.font)),
        ),
    shell:
        RUN


rule tabulate_denoising:
    input:
        of_cells("denoising", "history.csv", "runs.csv"),
        expand(
            "results/denoising/cells/{family}/{file}",
            family=FAMILIES,
            file=["scores.csv", "tests.csv"],
        ),
        expand("results/denoising/cells/{font}/orthogonality.csv", font=ORTHOGONALITY),
        published=PUBLISHED,
        baselines="results/denoising/tables/baselines.csv",
        variations="results/denoising/tables/variations.csv",
    output:
        curves="results/denoising/tables/learning_curves.csv",
        replicates="results/denoising/tables/replicates.csv",
        summary="results/denoising/tables/summary.csv",
        matrix="results/denoising/tables/matrix.csv",
        orthogonality="results/denoising/tables/orthogonality.csv",
        correlations="results/denoising/tables/correlations.csv",
        metrics="results/denoising/metrics.json",
    log:
        "logs/tabulate_denoising.log",
    params:
        **step(
            "tabulate_denoising",
            settings=section("denoising"),
            results=subpath(output.metrics, parent=True),
        ),
    shell:
        RUN


rule plot_denoising:
    input:
        fonts=FONTS,
        summary="results/denoising/tables/summary.csv",
        matrix="results/denoising/tables/matrix.csv",
        baselines="results/denoising/tables/baselines.csv",
        variations="results/denoising/tables/variations.csv",
        orthogonality="results/denoising/tables/orthogonality.csv",
        correlations="results/denoising/tables/correlations.csv",
        spanish=SPANISH,
    output:
        figures(
            *[
                f"results/denoising/figures/{figure}"
                for figure in denoising_plots(PARAMS["denoising"])
            ]
        ),
    log:
        "logs/plot_denoising.log",
    params:
        **step(
            "plot_denoising",
            settings=by_file(denoising_drawn(PARAMS)),
            figures=subpath(output[0], parent=True),
        ),
    shell:
        RUN


rule draw_denoising:
    input:
        of_denoisers("weights.npz", "history.csv", most=shown.PANELS),
        fonts=FONTS,
        spanish=SPANISH,
    output:
        figures(
            *[
                f"results/denoising/figures/{DENOISERS}/{{kind}}/{name}"
                for name in DENOISING_FIGURES
            ]
        ),
    log:
        f"logs/draw_denoising/{DENOISERS}/{{kind}}.log",
    params:
        **step(
            "draw_denoising",
            settings=denoisers("plot", most=shown.PANELS),
            cells=lambda wildcards: "results/denoising/cells/"
            + DENOISERS.format(**wildcards),
            figures=subpath(output[0], parent=True),
        ),
    shell:
        RUN
