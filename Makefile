# Needs Python 3.11 or 3.12 and make; everything else comes from requirements.lock.
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(shell for python in python3 python3.12 python3.11; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && { echo $$python; break; }; done)
BIN := .venv/bin
INSTALLED := .venv/.installed
MANIFEST := dbt_leaderboard/target/manifest.json
DBT := $(BIN)/dbt --quiet
DBT_PROJECT := --project-dir dbt_leaderboard --profiles-dir dbt_leaderboard
UV := uv==0.13.9
# As pip does: behind a proxy of one's own only the system knows whom to trust.
export UV_SYSTEM_CERTS ?= true
ARGS ?=
# Processes that tests are dealt out to, each with servers of its own; 0 runs them one after the other in this one.
WORKERS ?= auto
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder
# For `make lock`: a package to move to its newest version, or UPGRADE=1 for all of them.
PACKAGE ?=
UPGRADE ?=

.PHONY: run ui test fast check fix bench lock help setup clean

run: setup  ## Refresh the leaderboards that are due and show the result.
	$(BIN)/budmodel run $(ARGS)

ui: setup  ## Open the Dagster UI on the same databases.
	$(BIN)/budmodel ui $(ARGS)

test: setup  ## Everything, with real servers on loopback.
	$(PYTEST) $(ARGS)

fast: setup  ## What holds while one works, in seconds: format, lint, imports, types by a daemon, unit tests.
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/lint-imports --no-logo
	$(BIN)/dmypy run
	$(PYTEST) --quiet -m unit tests/unit $(ARGS)

check: setup  ## Format, lint, types, dbt and the rules about who may import whom.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(DBT) parse $(DBT_PROJECT)
	$(BIN)/lint-imports
	$(BIN)/pytest --quiet tests/contract/house

fix: setup  ## Mend what the linter can mend, and format.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup  ## Ratios of our times to floors measured in the same run.
	$(BIN)/python -m benchmarks $(ARGS)

lock: $(INSTALLED)  ## Write requirements.lock from pyproject.toml. Versions stay but PACKAGE=x's; UPGRADE=1 moves all.
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --all-extras \
		$(if $(UPGRADE),--upgrade) $(PACKAGE:%=--upgrade-package %) pyproject.toml --output-file requirements.lock

help:  ## This list.
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 15

setup: $(INSTALLED) $(MANIFEST)

clean:  ## Remove the environment; the data in .budmodel stay.
	rm -rf .venv dbt_leaderboard/target dbt_leaderboard/logs

$(INSTALLED): requirements.lock pyproject.toml
	@$(or $(PYTHON),false) -c '$(SUPPORTED)' \
		|| { echo "Python 3.11 or 3.12 is needed. Install one, or name it: make PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Making the environment in .venv (about a minute, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	@# Compiled now, because a run that compiles its imports takes twice as long.
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Dagster reads the dbt project from its manifest, so this comes before any import of the definitions.
$(MANIFEST): $(INSTALLED) $(shell find dbt_leaderboard -name target -prune -o -name logs -prune -o -type f -print)
	@$(DBT) parse $(DBT_PROJECT)
	@touch $@
