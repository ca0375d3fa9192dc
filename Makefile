# synthprof: `make` alone lists what there is. Each target sets up all it needs; only Python 3.11 to 3.13,
# git and make must be there.

PYTHON ?= python3
PORT ?= 8080
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python synthprof/orchestration/local/install.py

# Parameters are given in capitals: make run PROFILES=1000000 SEED=7. Only their names go through the shell;
# make hands the values over in the environment, so any text arrives as it was typed.
NOT_PARAMETERS := PYTHON PORT ARGS VENV BIN INSTALL SHELL RESULTS
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name)))
PARAMETERS := $(sort $(filter-out $(NOT_PARAMETERS),$(GIVEN)))

.DEFAULT_GOAL := help
.PHONY: help run ui test test-long cluster-test infinity loaders open-clip oldest peers faults explorer-full check docs reference bench bench-quick screenshots dist lock env clean

help: ## List the targets
	@echo 'make run PROFILES=100000 SEED=42 DATASET=gamers ...'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: $(VENV)/.ready ## Make a data set through Airflow; parameters in capitals
	@$(BIN)/python -m synthprof.orchestration.local run $(PARAMETERS)

ui: $(VENV)/.ready ## Start Airflow with its UI on 127.0.0.1:8080 (PORT=); Ctrl-C ends it
	@exec $(BIN)/python -m synthprof.orchestration.local ui --port $(PORT)

test: $(VENV)/.ready-dev ## Run the tests; ARGS= for pytest
	@$(BIN)/python -m pytest $(ARGS)

test-long: $(VENV)/.ready-dev ## Run the tests that `make test` leaves out because they take long; ARGS= for pytest
	@$(BIN)/python -m pytest -m 'long and not faults_full and not cluster' $(ARGS)

cluster-test: $(VENV)/.ready-dev ## Run what docker-compose.yml says on this machine, and kill a worker; ARGS= for pytest
	@$(BIN)/python -m pytest -m cluster -n 0 $(ARGS)

INFINITY := .venv-infinity
infinity: $(INFINITY)/.ready ## Install a real embedding server (200 MB) for one test

LOADERS := .venv-loaders
loaders: $(LOADERS)/.ready ## Install the clients of all targets of `synthprof load`, and `datasets` (1 GB) for some tests

OPEN_CLIP := .venv-open-clip
open-clip: $(OPEN_CLIP)/.ready ## Install open_clip with PyTorch for the CPU (1 GB) for one test

PEERS := .venv-peers
peers: $(VENV)/.ready-dev $(PEERS)/.ready ## Measure the stages beside what a user would pick instead; ARGS= for the script
	@$(BIN)/python benchmarks/peers.py $(ARGS)

OLDEST := .venv-oldest
oldest: $(OLDEST)/.ready ## Install the oldest Airflow that is supported (700 MB) for one test

RESULTS := benchmarks/results/faults.jsonl
faults: $(VENV)/.ready-dev ## Break it on purpose, in full (hours), and write the tables of docs/reliability.md
	@rm -f $(RESULTS)
	@SYNTHPROF_FAULTS_RESULTS=$(RESULTS) $(BIN)/python -m pytest -m '' tests/faults $(ARGS)
	@$(BIN)/python tests/support/reliability.py $(RESULTS)

explorer-full: $(VENV)/.ready-dev ## Ask the explorer's HTTP API a thousand odd questions per operation
	@SYNTHPROF_OPENAPI_CASES=1000 $(BIN)/python -m pytest tests/explorer/test_openapi.py $(ARGS)

check: $(VENV)/.ready-docs ## Lint, type-check and build the documentation; .pre-commit-config.yaml has the same
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(SITE)

# The theme would otherwise print that it has a successor at each build (docs/adr/0030). Without --quiet, which
# would hide warnings from --strict, too.
SITE := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
docs: $(VENV)/.ready-docs ## Build the documentation as a site in site/, which needs no other host
	@$(SITE)
	@! grep -rE '<(script|link|img|iframe)[^>]+(src|href)="?https?:' site --include='*.html'

reference: $(VENV)/.ready ## Write the generated pages of docs/: parameters, command line, schema and its format
	@$(BIN)/python -m synthprof.cli.reference docs
	@$(BIN)/python -m synthprof.schemas docs
	@$(BIN)/python -m synthprof.schemas.format docs

bench: $(VENV)/.ready-dev ## Measure the stages against the conventional way; ARGS= for the script
	@$(BIN)/python benchmarks/bench_stages.py $(ARGS)

bench-quick: $(VENV)/.ready-dev ## Say which stage got slower than at the last commit, in multiples of the machine's floor
	@$(BIN)/python benchmarks/quick.py $(ARGS)

screenshots: $(VENV)/.ready-dev ## Take the pictures in docs/images from a running Airflow
	@$(BIN)/python tests/support/screenshots.py docs/images $(ARGS)

dist: $(VENV)/.ready-dev ## Build wheel and sdist in dist/, and check them as an index would
	@rm -rf dist build
	@$(BIN)/python -m build --no-isolation . >/dev/null
	@$(BIN)/python -m twine check --strict dist/*

# --no-emit-index-url and --no-header keep the locks free of the machine that made them.
lock: $(VENV)/.ready-dev ## Resolve all requirements*.txt anew
	@for name in requirements requirements-cluster requirements-dev requirements-docs requirements-infinity requirements-loaders requirements-open-clip requirements-oldest requirements-peers; do \
	  overrides=; [ ! -e $$name.overrides ] || overrides="--override $$name.overrides"; \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade $$overrides \
	    --no-emit-index-url --no-header --no-emit-package synthprof $$name.in -o $$name.txt || exit 1; done

env: ## Write .env for docker compose, with fresh secrets
	@$(PYTHON) synthprof/orchestration/container.py new-env .env.example .env

# Its pins are not ours, so it has an environment of its own; it needs neither torch nor weights.
$(INFINITY)/.ready: requirements-infinity.txt $(VENV)/bin/python
	@echo 'Installing an embedding server for one test, about a minute' >&2
	@$(BIN)/python -m venv --clear $(INFINITY)
	@$(INFINITY)/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements-infinity.txt
	@touch $@

$(PEERS)/.ready: requirements-peers.txt $(VENV)/bin/python
	@echo 'Installing what a user would pick instead, for the benchmark, about a minute' >&2
	@$(BIN)/python -m venv --clear $(PEERS)
	@$(PEERS)/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements-peers.txt
	@touch $@

# Chroma and Milvus hold back packages that Airflow needs newer. Bytecode comes with the first import.
$(LOADERS)/.ready: requirements-loaders.txt $(VENV)/bin/python
	@echo 'Installing the clients of vector databases for some tests, about a minute' >&2
	@$(BIN)/python -m venv --clear $(LOADERS)
	@$(LOADERS)/bin/python -m pip install -q --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements-loaders.txt
	@touch $@

# PyTorch for the CPU is not on PyPI, whose builds bring 3 GB of CUDA; where its index is out of reach, pip takes
# what PyPI has of torchvision, whose own operators the test does without.
CPU_INDEX := https://download.pytorch.org/whl/cpu
$(OPEN_CLIP)/.ready: requirements-open-clip.txt $(VENV)/bin/python
	@echo 'Installing open_clip for one test, about two minutes' >&2
	@$(BIN)/python -m venv --clear $(OPEN_CLIP)
	@$(OPEN_CLIP)/bin/python -m pip install -q --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements-open-clip.txt
	@$(OPEN_CLIP)/bin/python -m pip install -q --disable-pip-version-check --no-compile --no-deps --extra-index-url $(CPU_INDEX) torch==2.13.0+cpu torchvision==0.28.0
	@touch $@

$(OLDEST)/.ready: requirements-oldest.txt pyproject.toml $(VENV)/bin/python
	@echo 'Installing the oldest Airflow for one test, about two minutes' >&2
	@$(BIN)/python -m venv --clear $(OLDEST)
	@$(OLDEST)/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements-oldest.txt
	@$(OLDEST)/bin/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

clean: ## Remove the environment, Airflow's state and caches; never the data
	@rm -rf $(VENV) $(INFINITY) $(LOADERS) $(OPEN_CLIP) $(OLDEST) $(PEERS) .airflow site .pytest_cache .mypy_cache .ruff_cache .hypothesis synthprof.egg-info build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python of these that is new enough and not too new makes the environment.
$(VENV)/bin/python:
	@found=; for python in '$(PYTHON)' python3.13 python3.12 python3.11; do \
	  if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
	  then found=$$python; break; fi; done; \
	if [ -z "$$found" ]; then \
	  echo "synthprof needs Python 3.11, 3.12 or 3.13, but $(PYTHON) is $$('$(PYTHON)' --version 2>&1 | head -1);" \
	    "install one of them, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; fi; \
	echo "Setting up $(VENV) with $$("$$found" --version)" >&2; \
	"$$found" -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "$$found cannot make environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

# Byte-compiled here by all cores, where pip would use one: Airflow then starts in half the time.
$(VENV)/.ready: requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo 'Installing, once: Airflow and its libraries, 800 MB in $(VENV), about two minutes' >&2
	@echo '  1/3 the pinned packages' >&2
	@$(INSTALL) --no-compile --no-deps --require-hashes -r requirements.txt
	@echo '  2/3 synthprof itself' >&2
	@$(INSTALL) --no-deps -e .
	@rm -rf synthprof.egg-info  # the build leaves it here, where programs would find the package twice
	@echo '  3/3 bytecode, so that Airflow starts in half the time' >&2
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib synthprof || true
	@touch $@
	@echo 'Installed.' >&2

$(VENV)/.ready-dev: requirements-dev.txt requirements-cluster.txt $(VENV)/.ready
	@echo 'Installing what tests need' >&2
	@$(INSTALL) --no-deps --require-hashes \
	  -r requirements-cluster.txt -r requirements-dev.txt
	@touch $@

$(VENV)/.ready-docs: requirements-docs.txt $(VENV)/.ready-dev
	@echo 'Installing what the documentation needs' >&2
	@$(INSTALL) --no-deps --require-hashes -r requirements-docs.txt
	@touch $@
