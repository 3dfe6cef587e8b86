"""What a study needs beyond Snakemake and DVC; it knows nothing of any study (study.py)."""
