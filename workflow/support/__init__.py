"""What the workflow needs beyond Snakemake and DVC; imported by the Snakefile alone."""
