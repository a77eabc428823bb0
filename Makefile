# Set-up, run, test. A fresh machine needs git, make and Python 3.11 to 3.13 with venv; everything else goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
# The cache lies beside what it fills, so that files are linked and not copied, and nothing is left outside.
UV := VIRTUAL_ENV=$(CURDIR)/.venv UV_CACHE_DIR=$(CURDIR)/.venv/.uv-cache $(BIN)/uv
MLFLOW_PORT ?= 5000
WORKERS ?= 2
DATA ?= $(CRISISFLOW_TEST_DATA)
TWEETS = $(DATA)/disaster_tweets/train.csv

.PHONY: run setup test check ui up sample lock clean bench help

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

test: check      ## Every check and test; WORKERS=1 for one after the other
	$(BIN)/python -m pytest -n $(WORKERS)

ui: setup        ## MLflow's pages on loopback (MLFLOW_PORT=5000)
	$(BIN)/crisisflow ui --port $(MLFLOW_PORT)

up: setup        ## MLflow, Prefect and the nightly schedule, on loopback
	$(BIN)/crisisflow up

sample: setup    ## Write data/sample again from its generator
	$(BIN)/python -m tasks.sample

lock: setup      ## Resolve the dependencies again and pin them with hashes
	$(UV) pip compile pyproject.toml --extra dev --universal --generate-hashes -p 3.11 --no-emit-index-url --no-header --quiet -o requirements.lock --upgrade

bench: bench-main bench-ingest bench-corruption bench-text bench-frequencies bench-classifiers bench-vectors  ## Every measurement; DATA=folder of real data

bench-main: setup
	$(BIN)/python tests/benchmarks/bench_main.py
	$(BIN)/python tests/benchmarks/bench_main.py --tweets $(TWEETS) --corpus $(DATA)/corpora/wikitext-2/wiki.train.tokens.zip

bench-ingest: setup
	$(BIN)/python tests/benchmarks/bench_ingest.py --tweets $(TWEETS)

TABLES ?= 100000
bench-files: setup  ## Tables of some sixty writers, read as they were written? TABLES=100000
	$(BIN)/python tests/benchmarks/bench_files.py --tables $(TABLES)

bench-corruption: setup
	$(BIN)/python tests/benchmarks/bench_corruption.py

bench-text: setup
	$(BIN)/python tests/benchmarks/bench_text.py --tweets $(TWEETS) --distinct $(DATA)/tweeteval

bench-frequencies: setup
	$(BIN)/python tests/benchmarks/bench_frequencies.py bags --tweets $(TWEETS)
	$(BIN)/python tests/benchmarks/bench_frequencies.py co-occurrence --corpus $(DATA)/corpora/enwiki_2015 $(DATA)/corpora/enwikinews

bench-classifiers: setup
	$(BIN)/python tests/benchmarks/bench_classifiers.py
	$(BIN)/python tests/benchmarks/bench_classifiers.py --bidirectional
	$(BIN)/python tests/benchmarks/bench_gradients.py
	$(BIN)/python tests/benchmarks/bench_reaching.py --tweets $(TWEETS)
	$(BIN)/python tests/benchmarks/bench_scoring.py --data $(DATA)

bench-parity: setup  ## One logged model by every route to it, in an environment of its own
	$(BIN)/python tests/benchmarks/bench_parity.py --data $(DATA)

SEEDS ?= 3
bench-vectors: setup  ## Word vectors against gensim, and their cost; SEEDS=1 SHORT=--short for a quarter of an hour
	$(BIN)/python tests/benchmarks/bench_vectors.py --data $(DATA)/corpora --architecture skip-gram --seeds $(SEEDS)
	$(BIN)/python tests/benchmarks/bench_vectors.py --data $(DATA)/corpora --architecture cbow --seeds $(SEEDS)
	$(BIN)/python tests/benchmarks/bench_vectors.py --data $(DATA)/corpora --architecture skip-gram --raw
	$(BIN)/python tests/benchmarks/bench_vector_step.py
	$(BIN)/python tests/benchmarks/bench_vector_step.py --architecture cbow
	$(BIN)/python tests/benchmarks/bench_vector_step.py --threads 2
	$(BIN)/python tests/benchmarks/bench_vector_cost.py cost $(SHORT) --plot tests/benchmarks/vector-cost.png
	$(BIN)/python tests/benchmarks/bench_vector_cost.py pieces
	$(if $(SHORT),,$(BIN)/python tests/benchmarks/bench_vector_cost.py sizes --data $(DATA)/corpora)

KILLS ?= 20
IN_TRAINING ?= 8
bench-trust: setup  ## Kill retrainings, replay one, plant changes and find them; KILLS=4 IN_TRAINING=2 for 20 minutes
	$(BIN)/python tests/benchmarks/bench_determinism.py
	$(BIN)/python tests/benchmarks/bench_determinism.py --kind skip-gram
	$(BIN)/python tests/benchmarks/bench_determinism.py --kind cbow
	$(BIN)/python tests/benchmarks/bench_replay.py
	$(BIN)/python tests/benchmarks/bench_together.py
	$(BIN)/python tests/benchmarks/bench_faults.py
	$(BIN)/python tests/benchmarks/bench_kills.py --kills $(KILLS) --in-training $(IN_TRAINING)

bench-serve: setup  ## The service under load, beside MLflow's own; needs wrk
	$(BIN)/python tests/benchmarks/bench_serve.py --data $(DATA)

bench-gate: setup   ## Equals, planted gains and planted harm before the promotion gate
	$(BIN)/python tests/benchmarks/bench_gate.py --tweets $(TWEETS)

bench-score-million: setup  ## A million tweets through score: tweets a second, memory over time
	$(BIN)/python tests/benchmarks/bench_score_million.py --data $(DATA)

bench-score-kills: setup
	$(BIN)/python tests/benchmarks/bench_score_kills.py --data $(DATA)

bench-schedule: setup  ## Seconds and memory of `crisisflow up`; runs that are missed, killed, caught up
	$(BIN)/python tests/benchmarks/bench_schedule.py

bench-senses: setup
	$(BIN)/python tests/benchmarks/bench_senses.py --data $(DATA)/corpora
	$(BIN)/python tests/benchmarks/bench_senses.py --data $(DATA)/corpora --seed 2

bench-words: setup
	$(BIN)/python tests/benchmarks/bench_words.py

bench-sample: setup
	$(BIN)/python tests/benchmarks/bench_sample.py

clean:           ## Delete .venv and caches; the state folder stays
	rm -rf .venv .ruff_cache .mypy_cache .import_linter_cache *.egg-info
	find flows tasks models tests -name __pycache__ -type d -prune -exec rm -rf {} +
