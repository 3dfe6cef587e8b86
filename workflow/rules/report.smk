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
        script=script("render_report"),
        template=source_file("workflow/report/index.html.j2"),
        style=source_file("workflow/report/style.css"),
        spanish=source_file("workflow/report/spanish.yaml"),
        javascript=source_file("workflow/report/language.js"),
        lock=source_file("requirements.lock"),
    output:
        "results/report/index.html",
    log:
        "logs/render_report.log",
    params:
        settings=by_file({"params": PARAMS, "digests": digests()}),
        results=subpath(output[0], ancestor=2),
        code=code("render_report"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --results {params.results:q}"
        " --template {input.template:q} --style {input.style:q}"
        " --spanish {input.spanish:q} --javascript {input.javascript:q} --lock {input.lock:q}"
        " --page {output:q} 2> {log:q}"


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
        script=script("render_explorer"),
        images=[
            f"data/images/{shown['dataset']}/{file}"
            for shown in EXPLORED["vae"]
            for file in IMAGE_FILES
        ],
        fonts=FONTS,
        template=source_file("workflow/report/explorer.html.j2"),
        style=source_file("workflow/report/style.css"),
        own_style=source_file("workflow/report/explorer.css"),
        javascript=source_file("workflow/report/explorer.js"),
    output:
        "results/report/explorer.html",
    log:
        "logs/render_explorer.log",
    params:
        settings=by_file(EXPLORED),
        results=subpath(output[0], ancestor=2),
        images=images_root,
        code=code("render_explorer"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --results {params.results:q}"
        " --fonts {input.fonts:q} --images {params.images:q} --template {input.template:q}"
        " --style {input.style:q} --own-style {input.own_style:q} --javascript {input.javascript:q}"
        " --page {output:q} 2> {log:q}"
