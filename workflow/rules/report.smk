# report: one page of everything, self-contained.


rule render_report:
    input:
        rules.architectures.input,
        rules.letters.input,
        rules.denoising.input,
        rules.vae.input,
        script=script("render_report"),
        template=here("workflow/report/index.html.j2"),
        style=here("workflow/report/style.css"),
    output:
        "results/report/index.html",
    log:
        "logs/render_report.log",
    threads: 1
    params:
        settings=canonical(PARAMS),
        results=subpath(output[0], ancestor=2),
        code=code("render_report"),
    shell:
        "python {input.script:q} --settings {params.settings:q} --results {params.results:q}"
        " --template {input.template:q} --style {input.style:q}"
        " --page {output:q} 2> {log:q}"
