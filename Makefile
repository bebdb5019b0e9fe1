# Needs Python 3.11 to 3.13 and make; everything else comes from requirements.lock, and for tests from requirements-dev.lock.
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && { echo $$python; break; }; done)
BIN := .venv/bin
INSTALLED := .venv/.installed
DEVELOPING := .venv/.developing
MANIFEST := dbt_leaderboard/target/manifest.json
DBT := $(BIN)/dbt --quiet
DBT_PROJECT := --project-dir dbt_leaderboard --profiles-dir dbt_leaderboard
UV := .ci/uv $(BIN)
INSTALL := $(UV) pip install --quiet --python $(BIN)/python
# Compiled when it is installed, because a run that compiles its imports takes twice as long.
LOCKED := $(INSTALL) --compile-bytecode --require-hashes -r
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate
ARGS ?=
# Processes that tests are dealt out to, each with servers of its own; 0 runs them one after the other in this one.
WORKERS ?= auto
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder
# The extras that running needs.
RUNNING := build celery licensing models security
# For `make lock`: a package to move to its newest version, or UPGRADE=1 for all of them.
PACKAGE ?=
UPGRADE ?=

.PHONY: run ui test fast check fix docs bench lock help setup develop clean

run: setup  ## Refresh the leaderboards that are due and show the result.
	$(BIN)/budmodel run $(ARGS)

ui: setup  ## Open the Dagster UI on the same databases.
	$(BIN)/budmodel ui $(ARGS)

test: develop  ## Everything, with real servers on loopback.
	$(PYTEST) $(ARGS)

fast: develop  ## What holds while one works, in seconds: format, lint, imports, types by a daemon, unit tests.
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/lint-imports --no-logo
	$(BIN)/dmypy run
	$(PYTEST) --quiet -m unit tests/unit $(ARGS)

check: develop  ## Format, lint, types, dbt and the rules about who may import whom.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(DBT) parse $(DBT_PROJECT)
	$(BIN)/lint-imports
	$(BIN)/pytest --quiet tests/contract/house

fix: develop  ## Mend what the linter can mend, and format.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: develop  ## The documentation as a site in site/, with the data dictionary; a link that leads nowhere ends it.
	$(BIN)/python -m docs $(ARGS)

bench: develop  ## Ratios of our times to floors measured in the same run.
	$(BIN)/python -m benchmarks $(ARGS)

lock: $(INSTALLED)  ## Write both locks from pyproject.toml. Versions stay but PACKAGE=x's; UPGRADE=1 moves all.
	$(COMPILE) --all-extras $(if $(UPGRADE),--upgrade) $(PACKAGE:%=--upgrade-package %) \
		pyproject.toml --output-file requirements-dev.lock
	@# A part of the same versions.
	cp requirements-dev.lock requirements.lock
	$(COMPILE) $(RUNNING:%=--extra %) pyproject.toml --output-file requirements.lock

help:  ## This list.
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 15

setup: $(INSTALLED) $(MANIFEST)

develop: $(DEVELOPING) $(MANIFEST)

clean:  ## Remove the environment; the data in .budmodel stay.
	rm -rf .venv site dbt_leaderboard/target dbt_leaderboard/logs

$(INSTALLED): requirements.lock pyproject.toml
	@$(or $(PYTHON),false) -c '$(SUPPORTED)' \
		|| { echo "Python 3.11 to 3.13 is needed. Install one, or name it: make PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Making the environment in .venv (about a minute, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@$(LOCKED) requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@# What a scan imports when its limits stand it may not write down, and would compile at each start.
	@$(BIN)/python -m compileall -q budmodel_scanner
	@touch $@

$(DEVELOPING): requirements-dev.lock $(INSTALLED)
	@echo "Adding the tools for tests and checks to .venv (once)"
	@$(LOCKED) requirements-dev.lock
	@touch $@

# Dagster reads the dbt project from its manifest, so this comes before any import of the definitions.
$(MANIFEST): $(INSTALLED) $(shell find dbt_leaderboard -name target -prune -o -name logs -prune -o -type f -print)
	@$(DBT) parse $(DBT_PROJECT)
	@touch $@
