# Targets for a checkout. Needs GNU make (3.81 will do) and Python 3.11 or newer, nothing else.

VENV := .venv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip --disable-pip-version-check --quiet

# As many tests at once as there are processors; `make test PARALLEL=` for one after another.
PARALLEL := --numprocesses auto --dist worksteal

.PHONY: help demo test test-visual lint bench docs lock clean
.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/core ## Ingest the sample that comes with the package and count in it
	@$(BIN)/audit demo

test: $(VENV)/dev ## Run the tests; those that need torch, dlib or img2dataset skip without them
	@$(BIN)/python -m pytest $(PARALLEL)

test-visual: $(VENV)/visual ## Run all tests, with every encoder and img2dataset (installs 2 GB, 7 with CUDA)
	@$(BIN)/python -m pytest $(PARALLEL)

lint: $(VENV)/dev ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(VENV)/visual ## Time everything; writes docs/benchmarks.md (40 minutes, 6 GB)
	@$(BIN)/python -m benchmarks

docs: $(VENV)/dev ## Write docs/cli.md from the commands, and draw the pictures
	@$(BIN)/python docs/build_cli.py
	@$(BIN)/python docs/build_images.py

lock: $(VENV)/python ## Resolve the dependencies anew and write them to .ci/constraints.txt
	@$(BIN)/python .ci/lock.py

clean: ## Delete what was built; ingested datasets stay
	@rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written last: an interrupted set-up is done again.
$(VENV)/core: pyproject.toml .ci/constraints.txt | $(VENV)/python
	@echo "Installing audit into $(VENV) (about a minute, once) …"
	@$(PIP) install --constraint .ci/constraints.txt --editable '.[report,visual]'
	@touch $@

$(VENV)/dev: pyproject.toml .ci/constraints.txt | $(VENV)/python
	@echo "Installing audit and its development tools into $(VENV) (about a minute, once) …"
	@$(PIP) install --constraint .ci/constraints.txt --editable '.[dev]'
	@touch $(VENV)/core $@

# Whichever torch is at hand: a CPU build, where pip is told of one, saves the CUDA libraries.
# dlib comes as a wheel or not at all; compiling it takes longer than all the rest.
$(VENV)/visual: pyproject.toml .ci/constraints.txt | $(VENV)/python
	@echo "Installing audit, its encoders and its tools into $(VENV) (a few minutes, once) …"
	@$(PIP) install --constraint .ci/constraints.txt --only-binary dlib-bin --editable '.[test-visual]'
	@touch $(VENV)/core $(VENV)/dev $@

$(VENV)/python:
	@sh .ci/make-venv $(VENV)
	@touch $@
