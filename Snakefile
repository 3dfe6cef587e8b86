"""A reproducible study of autoencoders: every table and figure from params.yaml.

An experiment has one name: its section of params.yaml, workflow/rules/<name>.smk, the
scripts workflow/scripts/<verb>_<name>.py, the results in results/<name>/.
"""

from snakemake.utils import min_version

min_version("9.27")


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/architectures.smk"
include: "workflow/rules/optimizers.smk"
include: "workflow/rules/letters.smk"
include: "workflow/rules/denoising.smk"
include: "workflow/rules/shards.smk"
include: "workflow/rules/vae.smk"
include: "workflow/rules/conclusions.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        rules.architectures.input,
        rules.optimizers.input,
        rules.letters.input,
        rules.denoising.input,
        rules.vae.input,
        rules.conclusions.input,
        "results/report/index.html",
        "results/report/explorer.html",


# what the longest way to the report begins with starts first, so that no core waits for a last
# job: "python benchmarks/study.py --order" prints it from the times of a finished run
STUDY.order(
    "fetch_*",  # short, and a set that cannot be used is said before anything is trained
    "train_letters*",
    "tune_*",
    "train_vae",
    "train_*",
    "join_*",
    "relate_*",
    "survey_*",
    "vary_*",
    "compare_*",
    "evaluate_*",
    "control_*",
    "tabulate_*",
    "test_*",
    "plot_*",
    "draw_*",
    "introduce_*",
    "summarize_*",
    "render_*",
)

# on a cluster: what is cheap, or needs a network, runs where Snakemake does
STUDY.run_locally("fetch", "join", "tabulate", "summarize", "plot", "render")


include: "workflow/support/study.smk"
