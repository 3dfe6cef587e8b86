# report: one page of everything, self-contained.


rule render_report:
    input:
        rules.architectures.input,
        rules.letters.input,
        rules.denoising.input,
        rules.vae.input,
        rules.conclusions.input,
        script=script("render_report"),
        template=here("workflow/report/index.html.j2"),
        style=here("workflow/report/style.css"),
        lock=here("requirements.lock"),
    output:
        "results/report/index.html",
    log:
        "logs/render_report.log",
    threads: 1
    params:
        settings=canonical({"params": PARAMS, "digests": digests()}),
        results=subpath(output[0], ancestor=2),
        code=code("render_report"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --results {params.results:q}"
        " --template {input.template:q} --style {input.style:q}"
        " --lock {input.lock:q}"
        " --page {output:q} 2> {log:q}"
