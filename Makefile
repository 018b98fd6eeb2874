# Civic Graph: the same commands for people and for CI. `make help` lists them.
PYTHON ?= python3
PORT ?= 8000
STORE ?= sqlite:civic-graph.db
DEMO ?= scratch/demo
BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install run demo neo4j neo4j-stop test check schema bench soak docs lock clean

help: ## List the commands
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

install: $(STAMP) ## Create .venv and install the pinned dependencies

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, $(PYTHON) is older: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }
	@echo "Creating the environment in .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@grep -A 30 '^uv==' requirements.lock | awk 'NR > 1 && /^[a-z]/ { exit } { print }' > .venv/uv.lock
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement .venv/uv.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes requirements.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

run: install ## Load the example graph and serve it at http://127.0.0.1:8000, to this machine as steward
	@$(BIN)/civic-graph --store $(STORE) load example
	@exec $(BIN)/civic-graph --store $(STORE) serve --port $(PORT) --anonymous steward

demo: install ## The same with a made-up city of 600 partners
	@test -d $(DEMO) || $(BIN)/civic-graph generate --partners 600 --seed 1 $(DEMO)
	@$(BIN)/civic-graph --store sqlite:scratch/demo.db load example $(DEMO)
	@exec $(BIN)/civic-graph --store sqlite:scratch/demo.db serve --port $(PORT) --anonymous steward

neo4j: install ## Start a Neo4j server on a free port of this machine (Java 17 and Maven, no Docker)
	@$(BIN)/python -m tests.database.server start

neo4j-stop: install ## Stop that server; its data stays in scratch/neo4j
	@$(BIN)/python -m tests.database.server stop

test: install ## Run all tests
	@$(BIN)/python -m pytest -n auto

check: install ## Lint, format, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --verbose | tail -n 3

schema: install ## Write schema/schema.graphql from the model
	@$(BIN)/civic-graph schema > schema/schema.graphql

bench: install ## Measure both stores against hand-written statements, and what each layer costs
	@$(BIN)/python -m tests.bench

soak: install ## Besiege a server, and measure what that does to it: some ten minutes
	@$(BIN)/python -m tests.soak

docs: install ## Write the generated parts of docs/
	@$(BIN)/python -m tests.docs

lock: install ## Pin the newest dependencies again
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--extra dev pyproject.toml --upgrade --output-file requirements.lock

clean: ## Remove the environment, caches and scratch files
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* scratch
