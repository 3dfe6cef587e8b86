# conclusions: which claims of the original hold, and which of its figures?

CLAIMS = source_file("data/claims.yaml")
CLAIMED = read_claims(STUDY.rules())
CONCLUSIONS_FIGURES = ["claims", "claims_2", "published_figures"]


rule conclusions:
    input:
        "results/conclusions/metrics.json",
        "results/metrics.json",
        figures(
            *[f"results/conclusions/figures/{name}" for name in CONCLUSIONS_FIGURES]
        ),


rule test_conclusions:
    input:
        claimed_tables(CLAIMED),
        claims=CLAIMS,
        published=PUBLISHED,
    output:
        findings="results/conclusions/tables/findings.csv",
        observed="results/conclusions/tables/observed.csv",
        singles="results/conclusions/tables/single_runs.csv",
        metrics="results/conclusions/metrics.json",
    log:
        "logs/test_conclusions.log",
    params:
        **step(
            "test_conclusions",
            settings=by_file({"seed": PARAMS["seed"], **PARAMS["conclusions"]}),
            results=subpath(output.metrics, ancestor=2),
        ),
    shell:
        RUN


rule summarize_conclusions:
    input:
        "results/conclusions/metrics.json",
        [f"results/{name}/metrics.json" for name in EXPERIMENTS],
    output:
        metrics="results/metrics.json",
    log:
        "logs/summarize_conclusions.log",
    params:
        **step("summarize_conclusions", results=subpath(output.metrics, parent=True)),
    shell:
        RUN


rule plot_conclusions:
    input:
        findings="results/conclusions/tables/findings.csv",
        observed="results/conclusions/tables/observed.csv",
        spanish=SPANISH,
    output:
        figures(
            *[f"results/conclusions/figures/{name}" for name in CONCLUSIONS_FIGURES]
        ),
    log:
        "logs/plot_conclusions.log",
    params:
        **step("plot_conclusions", figures=subpath(output[0], parent=True)),
    shell:
        RUN
