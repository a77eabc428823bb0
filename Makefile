# Set-up, run, test. A fresh machine needs git, make and Python 3.11 to 3.13 with venv; everything else goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
# The cache lies beside what it fills, so that files are linked and not copied, and nothing is left outside.
UV := VIRTUAL_ENV=$(CURDIR)/.venv UV_CACHE_DIR=$(CURDIR)/.venv/.uv-cache $(BIN)/uv
MLFLOW_PORT ?= 5000
# More than the processors of a small machine: a worker often waits for the servers and commands that it has started.
WORKERS ?= 3
export DATA ?= $(CRISISFLOW_TEST_DATA)

.PHONY: run setup check format quick test coverage docs docs-reference ui up sample lock clean bench help

help:            ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 20

run: setup       ## Train and compare all models on the bundled sample
	$(BIN)/crisisflow retrain
	@echo
	@echo "Look next:  make ui             the runs, side by side, in MLflow"
	@echo "            $(BIN)/crisisflow compare        the table above as a page"
	@echo "            $(BIN)/crisisflow retrain --help your own tweets"

setup: $(STAMP)  ## Make .venv from the pinned, hash-checked lock

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"Python 3.11 to 3.13 is needed, $(PYTHON) is {v[0]}.{v[1]}: run make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-cache-dir uv
	$(UV) pip sync --quiet --require-hashes --compile-bytecode requirements.lock
	$(UV) pip install --quiet --no-deps --no-build-isolation -e .
	@rm -rf .venv/.uv-cache
	@touch $(STAMP)

check: setup     ## Lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup    ## Format the code, and mend what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Tests of models/ and docs/ whose files start neither TensorFlow nor a server.
QUICK = $(shell grep -LE 'keras|tensorflow|prefect|mlflow|tracking|recurrent|word2vec|translation|four-kinds|subprocess|real_data' $(shell find tests/models -name "test_*.py") tests/golden/test_*.py tests/docs/test_*.py tests/tasks/test_recipes.py)
quick: check     ## Every check, and the quick tests: those that start neither TensorFlow nor a server
	$(BIN)/python -m pytest -n $(WORKERS) $(QUICK)

coverage: setup  ## All tests, with lines and branches covered
	$(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=term-missing

docs: docs-reference  ## The documentation as pages in site/, offline
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

docs-reference: setup  ## Write docs/reference/ again from the code
	$(BIN)/python docs/generate_reference.py

test: check      ## Every check and test; WORKERS=1 for one after the other
	$(BIN)/python -m pytest -n $(WORKERS)

ui: setup        ## MLflow's pages on loopback (MLFLOW_PORT=5000)
	$(BIN)/crisisflow ui --port $(MLFLOW_PORT)

up: setup        ## MLflow, Prefect and what is scheduled, on loopback
	$(BIN)/crisisflow up

sample: setup    ## Write data/sample again from its generator
	$(BIN)/python -m tasks.sample

lock: setup      ## Resolve the dependencies again and pin them with hashes
	$(UV) pip compile pyproject.toml --extra dev --universal --generate-hashes -p 3.11 --no-emit-index-url --no-header --quiet -o requirements.lock --upgrade

bench:           ## Every measurement; DATA=folder of real data; one alone: make bench-vectors
	$(MAKE) -C tests/benchmarks bench

bench-%:
	$(MAKE) -C tests/benchmarks $@

clean:           ## Delete .venv and caches; the state folder stays
	rm -rf .venv .ruff_cache .mypy_cache .import_linter_cache *.egg-info
	find flows tasks models tests -name __pycache__ -type d -prune -exec rm -rf {} +
