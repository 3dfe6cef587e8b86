# make help lists the targets. Everything is installed into .venv, from requirements.lock.

SHELL := /bin/bash
ROOT := $(CURDIR)
INSTALLED := .venv/.installed
DEVELOP := .venv/.develop
export PATH := $(ROOT)/.venv/bin:$(PATH)
# of the user's Python, not of ours: with the first our scripts would not find each other
unexport PYTHONSAFEPATH PYTHONPATH PYTHONHOME PYTHONOPTIMIZE PYTHONWARNINGS PYTHONINSPECT PIP_TARGET PIP_PREFIX
export PIP_USER := 0# whatever a pip.conf says

.PHONY: help study demo test test-all coverage mutants faults check verify archive lint lock install pictures readme

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s%s\n", $$1, $$2}' Makefile

study: install ## the whole study: results/report/index.html (downloads MNIST and Fashion-MNIST)
	@python workflow/commands/run_study.py

demo: install ## the same workflow, tiny, without a network: demo/results/report/index.html
	@snakemake --directory demo --cores all
	@echo "The report: demo/results/report/index.html"

test: $(DEVELOP) ## the fast tests
	@python -m pytest -n auto -m "not slow"

test-all: $(DEVELOP) ## all tests
	@python -m pytest -n auto

coverage: $(DEVELOP) ## branches of src/ that the unit tests reach: at least 95 %
	@python -m pytest -n auto tests/unit -m "not slow" --cov

mutants: $(DEVELOP) ## break the code on purpose and see which tests notice
	@python tests/mutants.py data/noise measures/metrics
	@python tests/mutants.py experiments/conclusions/evidence experiments/conclusions/tables --every 4
	@python tests/mutants.py training/powell --every 16

faults: $(DEVELOP) ## faults, edits, versions, hostile input: a table of what was tried
	@python tests/scenarios.py
	@python -m pytest -n auto tests/unit/test_hostile.py -k fuzzed \
	  --hypothesis-profile fuzz --hypothesis-show-statistics

check: install ## whether dvc.lock is of these parameters, code, data and results
	@python workflow/commands/check_study.py

verify: install ## the whole study again from the committed code, compared to the byte
	@python workflow/commands/verify_study.py --folder .cache/verify

archive: $(DEVELOP) ## one file to keep and cite: archive/, an RO-Crate of the committed study
	@python workflow/commands/archive_study.py

lint: $(DEVELOP) ## ruff, snakefmt, mypy
	@ruff check . && ruff format --check . && snakefmt --check . && mypy

install: $(INSTALLED) ## the environment, .venv

# --clear: an install that was cut off starts anew
$(INSTALLED): requirements.lock
	@if [ -L .venv ]; then \
	  echo ".venv is a link, and what it leads to would be emptied: remove the link, or work in that" \
	    "environment without make (docs/workflow.md)" >&2; exit 1; \
	fi
	@for python in python3.11 python3 python3.13 python3.12; do \
	  $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	    && found=$$python && break; \
	done; \
	if [ -z "$$found" ]; then echo "Python 3.11, 3.12 or 3.13 is needed, none found" >&2; exit 1; fi; \
	echo "Installing into .venv (a minute or two)"; \
	$$found -m venv --clear .venv \
	  && .venv/bin/python -m pip install --quiet --disable-pip-version-check \
	       --require-hashes --requirement requirements.lock \
	  && touch $@

$(DEVELOP): requirements-dev.lock $(INSTALLED)
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check \
	  --require-hashes --requirement requirements-dev.lock && touch $@

UV_COMPILE := uv pip compile --quiet --universal --fork-strategy fewest --generate-hashes --no-strip-extras \
  --no-header --no-annotate --python-version 3.11 pyproject.toml

lock: ## pin the newest packages that pyproject.toml allows (needs uv)
	@$(UV_COMPILE) --upgrade -o requirements.lock
	@$(UV_COMPILE) --upgrade --constraints requirements.lock --group dev -o requirements-dev.lock
	@$(UV_COMPILE) --upgrade --constraints requirements.lock --group cuda -o requirements-cuda.lock

pictures: $(DEVELOP) ## renew the pictures of the README from the results (needs a browser)
	@mkdir -p docs/images
	@cp results/architectures/figures/final_errors.png docs/images/
	@python docs/screenshots.py

readme: install ## renew the tables of README and docs from the results
	@python workflow/commands/write_readme.py
