# Two commands on a fresh machine, in either order: `make demo` and `make test`. Each installs first what it needs, and no more.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
LABS := $(notdir $(wildcard curriculum/labs/*))

# What `make check` tests: no sandbox, no cluster, no training run, and nothing marked `slow`.
FAST := tests/autograd tests/classic tests/course tests/gradebook tests/labs tests/integrity tests/checks tests/reports tests/store \
	tests/sandbox/test_protocol.py tests/test_layout.py
# Two, one per core: with three the whole took longer (18 min 23 s against 14 min 37 s).
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist worksteal

.PHONY: demo check test lint venv verify thorough matrix mutants redteam bench results docs clean

demo: .venv/.demo
	$(BIN)/practicum demo --into demo

check: lint  # before each commit; meant to stay under a minute
	$(PYTEST) -m "not slow and not thorough" $(FAST)

test: lint
	$(PYTEST) -m "not thorough"

lint: venv
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Slower proofs.
verify: venv  # every lab, with all mutants, alternatives and cheats, in five seeds, the solution in 1,000; the proof is kept
	$(BIN)/practicum lab verify $(LABS) --seeds 5 --jobs 2 --keep curriculum/proofs.csv

thorough: venv  # further forms of what `make test` shows: every notebook by itself, every corpus of copies
	$(PYTEST) -m thorough

matrix: venv  # every recipe with every option of `practicum train`, two steps each; at most an hour
	PRACTICUM_MATRIX_ALL=1 $(BIN)/python -m pytest tests/training/test_matrix.py

mutants: venv  # every planted bug, and whether the tests see it; about half an hour, and only what has changed since
	$(BIN)/python -m tests.mutants

redteam: venv  # every attack as this user, and then as one without any right
	PRACTICUM_REDTEAM_ALL=1 $(BIN)/python -m pytest tests/redteam

bench: venv  # beside nbgrader, Otter and copydetect, which get environments of their own
	$(BIN)/python benchmarks/grading.py --all --write
	$(BIN)/python benchmarks/gradebook.py
	$(BIN)/python benchmarks/similarity.py --all --write
	$(BIN)/python benchmarks/library.py --write

results: venv  # every recipe and seed that has no result yet; with PRACTICUM_DATA set, beside the weakest baselines
	test -z "$$PRACTICUM_DATA" || $(BIN)/python benchmarks/baselines.py
	$(BIN)/practicum results

docs: venv  # the site into site/; a broken link fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

venv: .venv/.test

$(BIN)/python:
	$(PYTHON) -m venv .venv

.venv/.demo: pyproject.toml curriculum/pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[teach,torch]' -e curriculum  # PyTorch for the notebook
	touch $@

.venv/.test: pyproject.toml curriculum/pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[test]' -e curriculum
	$(PIP) --upgrade --no-deps --target .venv/torchvision torchvision==0.28.0  # apart: transformers breaks beside it
	touch .venv/.demo $@  # what the demonstration needs is among it

clean:
	rm -rf .venv .venv-bench demo site
