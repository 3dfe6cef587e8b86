"""Write the report: one self-contained page with every experiment's answer and figures."""

import step

from latentlab.files.arrays import replacing
from latentlab.files.yaml import read_yaml
from latentlab.pages.languages import language
from latentlab.pages.report import context, render


def main(argv):
    args = step.arguments(
        __doc__, argv, "results", "template", "style", "spanish", "javascript", "lock",
        "citation", "page",
    )  # fmt: skip
    template, style, javascript, lock = (
        path.read_text(encoding="utf-8")
        for path in (args.template, args.style, args.javascript, args.lock)
    )
    params, digests = args.settings["params"], args.settings["digests"]

    content = context(args.results, params, digests, lock, read_yaml(args.citation))
    spanish = language(read_yaml(args.spanish))
    page = render(content, template, style, [spanish], javascript)
    for message in sorted(spanish.missing):
        step.log(f"not in {spanish.name}: {message}")
    with replacing(args.page) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    step.run(main)
