"""What the workflow needs beyond Snakemake and DVC; which the package knows nothing of."""
