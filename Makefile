# Each target sets up what it needs in a virtual environment inside this folder.
# Set-up is done once, and again when pyproject.toml or the constraints change.

PYTHON ?= python3
JOBS ?= 2
OLDEST_TESTS ?= tests/test_common.py

VENV := .venv
OLDEST := .venv-oldest
BIN := $(VENV)/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check

unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help example test test-slow test-oldest lint format docs wheel bench clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' \
	  $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  PYTHON=python3.11 names the interpreter, JOBS=2 the test processes."

# $(call new_venv,FOLDER): refuses an interpreter that is too old, in plain words.
define new_venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: sk_dae needs Python 3.11 or newer; '$(PYTHON)' is not." >&2; \
	  echo "       Name another: make $(or $(MAKECMDGOALS),help) PYTHON=/path/to/python3" >&2; \
	  exit 1; }
	$(PYTHON) -m venv $(1)
endef

$(VENV)/.dev: pyproject.toml constraints.txt
	$(call new_venv,$(VENV))
	$(BIN)/python $(PIP_INSTALL) -c constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/.docs: $(VENV)/.dev
	$(BIN)/python $(PIP_INSTALL) -c constraints.txt -e '.[docs]'
	@touch $@

$(OLDEST)/.test: pyproject.toml constraints-oldest.txt
	$(call new_venv,$(OLDEST))
	$(OLDEST)/bin/python $(PIP_INSTALL) -c constraints-oldest.txt -e '.[test]'
	@touch $@

# One thread: nets of this size gain nothing from more, and lose on a busy machine.
example: $(VENV)/.dev  ## Denoise handwritten digits, write denoised_digits.png
	OMP_NUM_THREADS=1 MPLBACKEND=Agg $(BIN)/python examples/denoising/plot_digits.py \
	  --output denoised_digits.png

# One thread for each process: the processes share the cores.
test: $(VENV)/.dev  ## Run the tests, doctests included, but for the slow ones
	OMP_NUM_THREADS=1 MPLBACKEND=Agg $(BIN)/python -m pytest -n $(JOBS) -m 'not slow'

test-slow: $(VENV)/.dev  ## Run the slow tests, and the samples of the guides
	OMP_NUM_THREADS=1 MPLBACKEND=Agg $(BIN)/python -m pytest -n $(JOBS) -m slow

test-oldest: $(OLDEST)/.test  ## Run the common checks on the oldest versions
	OMP_NUM_THREADS=1 MPLBACKEND=Agg $(OLDEST)/bin/python -m pytest -n $(JOBS) \
	  -m 'not slow' $(OLDEST_TESTS)

lint: $(VENV)/.dev  ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev  ## Repair style and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.docs  ## Build the documentation in docs/_build/html
	OMP_NUM_THREADS=1 MPLBACKEND=Agg $(BIN)/python -m sphinx -b html -W --keep-going docs docs/_build/html

# The wheel is installed and used in an environment and a folder of its own, so that
# the checkout cannot stand in for something that the wheel lacks.
wheel: $(VENV)/.dev  ## Build sdist and wheel in dist/, try the wheel
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	@set -e; top=$$PWD; work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; \
	  $(BIN)/python -m venv "$$work/venv"; \
	  "$$work/venv/bin/python" $(PIP_INSTALL) -c constraints.txt dist/*.whl; \
	  cd "$$work"; \
	  "$$work/venv/bin/python" "$$top/.ci/check_wheel.py" "$$top"/dist/*.whl

bench:  ## Tell how to run the benchmarks
	@echo "Install what the benchmarks compare with, then run one of them:"
	@echo "  $(BIN)/python -m pip install -c constraints.txt -e '.[bench]'"
	@for script in $(sort $(wildcard benchmarks/[a-z]*.py)); do \
	  echo "  $(BIN)/python $$script"; done
	@echo "Each prints a table and writes it to benchmarks/results/."

clean:  ## Remove environments, builds and caches
	rm -rf $(VENV) $(OLDEST) build dist docs/_build docs/auto_examples docs/generated
	rm -rf docs/sg_execution_times.rst denoised_digits.png
	rm -rf .hypothesis .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
