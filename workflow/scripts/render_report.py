"""Write the report: a self-contained page in each language, with every answer and figure."""

import step

from latentlab.files.arrays import replacing
from latentlab.files.yaml import read_yaml
from latentlab.pages.report import context, render
from latentlab.words.catalogs import lacking, read_language
from latentlab.words.texts import ENGLISH


def main(argv):
    args = step.arguments(
        __doc__, argv, "results", "template", "style", "spanish", "javascript", "lock",
        "citation", "page", "spanish_page",
    )  # fmt: skip
    template, style, javascript, lock = (
        path.read_text(encoding="utf-8")
        for path in (args.template, args.style, args.javascript, args.lock)
    )
    params, digests = args.settings["params"], args.settings["digests"]

    content = context(args.results, params, digests, lock, read_yaml(args.citation))
    pages = [(ENGLISH, args.page), (read_language(args.spanish), args.spanish_page)]
    for language, path in pages:
        others = [other for other, _ in pages if other is not language]
        page = render(content, template, style, javascript, language, others)
        for line in lacking(language):
            step.log(line)
        with replacing(path) as temporary:
            temporary.write_text(page, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    step.run(main)
