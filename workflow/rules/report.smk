# report: one page of everything, and one to play with the networks; both self-contained.

from latentlab.experiments.registry import explored

EXPLORED = explored(PARAMS, CELLS)


rule render_report:
    input:
        rules.architectures.input,
        rules.optimizers.input,
        rules.letters.input,
        rules.denoising.input,
        rules.vae.input,
        rules.conclusions.input,
        template=source_file("workflow/report/index.html.j2"),
        style=source_file("workflow/report/style.css"),
        spanish=SPANISH,
        javascript=source_file("workflow/report/report.js"),
        lock=source_file("requirements.lock"),
        citation=source_file("CITATION.cff"),
    output:
        page="results/report/index.html",
        spanish_page="results/report/index.es.html",
    log:
        "logs/render_report.log",
    params:
        **step(
            "render_report",
            settings=by_file({"params": PARAMS, "digests": digests()}),
            results=subpath(output.page, ancestor=2),
        ),
    shell:
        RUN


rule render_explorer:
    input:
        [
            f"{folder_of(shown['cell'])}/{file}"
            for shown in EXPLORED["letters"] + EXPLORED["denoising"]
            for file in ("weights.npz", "runs.csv")
        ],
        [
            f"results/vae/cells/{shown['dataset']}/{model['name']}/0/weights.npz"
            for shown in EXPLORED["vae"]
            for model in shown["models"]
        ],
        images=[
            f"data/images/{shown['dataset']}/{file}"
            for shown in EXPLORED["vae"]
            for file in IMAGE_FILES
        ],
        fonts=FONTS,
        template=source_file("workflow/report/explorer.html.j2"),
        style=source_file("workflow/report/style.css"),
        own_style=source_file("workflow/report/explorer.css"),
        training=source_file("workflow/report/training.js"),
        learning=source_file("workflow/report/learning.js"),
        javascript=source_file("workflow/report/explorer.js"),
        language=source_file("workflow/report/language.js"),
        spanish=SPANISH,
        tuned="results/optimizers/tables/summary.csv",
    output:
        page="results/report/explorer.html",
    log:
        "logs/render_explorer.log",
    params:
        **step(
            "render_explorer",
            settings=by_file(EXPLORED),
            results=subpath(output.page, ancestor=2),
            images=images_root,
        ),
    shell:
        RUN
