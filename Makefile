# make demo | test-fast | test | test-faults | test-pages | lint | bench | docs | pictures: each makes .venv from requirements.lock first.
# make lock needs uv, make pictures Chromium and what `make demo` has made.
# make bench LISTS=DIR also takes the names of Market-1501's pictures from DIR (benchmarks/README.md).
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
CORES ?= all
# Each file's tests in one process, for they share what they have made.
PYTEST := pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: demo docs pictures test-fast test test-faults test-pages lint bench lock clean
.DELETE_ON_ERROR:

demo: .venv/ready
	@echo "== streid demo: rendering a world, then training, scoring and reporting (about 5 minutes on 2 cores)"
	snakemake --cores $(CORES) --rerun-incomplete results/demo/report.json
	@echo "== done: open results/demo/report.html in a browser; the figures as numbers: results/demo/report.json"

test-fast: .venv/ready
	@echo "== streid's unit tests, but the slow ones"
	$(PYTEST) tests/unit -m 'not (slow or faults or pages)'
	@echo "== all tests passed"

test: .venv/ready
	@echo "== streid tests (under 10 minutes on 2 cores)"
	$(PYTEST)
	@echo "== all tests passed"

test-faults: .venv/ready
	@echo "== streid under fault: kills, full disks, damaged files (under 8 minutes on 2 cores; docs/reliability.md)"
	$(PYTEST) -m faults
	@echo "== all tests passed"

test-pages: .venv/ready
	@echo "== streid's README and docs, done from the top; every model on a tiny world (under 8 minutes on 2 cores)"
	$(PYTEST) -m pages
	@echo "== all tests passed"

lint: .venv/ready
	ruff check . && ruff format --check .
	mypy
	snakefmt --check Snakefile workflow/rules
	snakemake --lint
	codespell

bench: .venv/ready
	@echo "== streid timings (about half an hour on 2 cores; leave the machine alone meanwhile)"
	python benchmarks/scoring.py
	python benchmarks/search.py
	python benchmarks/training.py
	python benchmarks/fusion.py $(if $(LISTS),--lists $(LISTS))

# Write docs/configuration.md from the declarations of the settings.
docs: .venv/ready
	python docs/configuration.py

# Take the README's pictures again, from what `make demo` has made.
pictures: .venv/ready
	python docs/pictures.py

.venv/ready: requirements.lock
	@if [ -L .venv ]; then echo "error: .venv is a link to $$(readlink -f .venv), which is not this project's to empty: remove the link (rm .venv), or bring that environment to requirements.lock by its own project"; exit 2; fi
	@echo "== making .venv from requirements.lock (a few minutes, about 6 GB with PyTorch's CUDA libraries)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv --clear .venv || { echo "the venv module is missing: on Debian, apt-get install python3-venv"; exit 1; }
	.venv/bin/pip install --quiet --require-hashes --requirement requirements.lock
	@touch $@

# Resolve requirements.in again and bring environment.yml to the same versions.
lock:
	uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --python-version 3.11 requirements.in --output-file requirements.lock
	$(PYTHON) tests/environment_versions.py --write

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache
