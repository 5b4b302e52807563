# Everything a contributor runs. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test golden bench peers conformance coverage-table graphs clean
help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 17

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.plot: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[plot]'
	touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@ $(VENV)/.plot

demo: $(VENV)/.plot  ## Train a digit classifier on real data that ships with Freshet
	$(BIN)/freshet demo

test: $(VENV)/.test  ## Run the whole suite: tests, linter, type checker, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n auto

golden: $(VENV)/.test  ## Rewrite the golden files; then read the diff
	$(BIN)/python -m pytest -q --update-golden
	git diff --stat tests

PEERS := .peers
$(PEERS)/.done: benchmarks/peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers.txt
	touch $@

peers: $(PEERS)/.done  ## Make a second environment with TensorFlow, PyTorch and JAX to compare with

conformance: $(VENV)/.test $(PEERS)/.done  ## Compare every operation with TensorFlow; writes docs/conformance.md
	PYTHONPATH=tests/ops $(BIN)/python tests/conformance/compare.py

coverage-table: $(VENV)/.test  ## Write docs/operations.md from the database of operations
	PYTHONPATH=tests/ops $(BIN)/python tests/conformance/coverage_table.py

graphs: $(VENV)/.test  ## Compare 10,000 random graphs eagerly, simplified, parsed and compiled
	GRAPHS=5000 $(BIN)/python -m pytest -q -n auto tests/property/test_random_graphs.py

bench: $(VENV)/.test  ## Measure Freshet beside its peers (`make peers` first)
	$(BIN)/python benchmarks/train_step.py

clean:  ## Remove environments and caches
	rm -rf $(VENV) $(PEERS) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
