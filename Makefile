# The two commands of the README are `make run` and `make test`; each sets up all it needs.
# PYTHON picks the interpreter (3.11 or later); ARGS is handed on, e.g. make run ARGS="--port 9090".

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# setuptools warns of every editable installation; whoever runs `make` here has just asked for one.
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip install -q --disable-pip-version-check
ARGS ?=

.PHONY: run test test-all simulate check format bench bench-check docs proto real-parts clean

run: $(VENV)/.run                  ## start the embedded Mesos and the service on this machine
	@exec $(BIN)/marathon up $(ARGS)

# Several files at once, as tests/distribution.py says.
PYTEST = $(BIN)/python -m pytest -n logical --maxprocesses 4

test: $(VENV)/.dev real-parts      ## what is deterministic, and one pass of each real part
	$(PYTEST) -m "not slow" $(ARGS)

test-all: $(VENV)/.dev real-parts  ## the long faults and soaks as well
	$(PYTEST) $(ARGS)

SEEDS ?= 1000
simulate: $(VENV)/.run             ## whole clusters under faults, searched by seeds over all cores: make simulate SEEDS=10000
	$(BIN)/python -m actors.simulation --seeds $(SEEDS) $(ARGS)

check: $(VENV)/.dev                ## lint, types, and the contracts between the floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.bench              ## every cost against its peers; prints the ratios, draws docs/benchmarks
	$(BIN)/python -m benchmarks $(ARGS)

bench-check: $(VENV)/.bench        ## today's ratios against benchmarks/baseline.json, 25 % slack
	$(BIN)/python -m benchmarks --check $(ARGS)

docs: $(VENV)/.docs                ## docs/_build/index.html, with pictures of the page as it is
	$(BIN)/python -m docs.screenshots
	$(BIN)/python -m docs.film
	$(BIN)/python -m docs.house
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build
	@echo "open docs/_build/index.html"

proto: $(VENV)/.dev                ## the generated modules of mesos_proto, from its .proto files
	$(BIN)/python -m mesos_proto.generate

# What the integration tests run beside the fakes; where something cannot be installed, its tests skip and say why.
real-parts: $(VENV)/.dev
	@$(BIN)/python -m tests.integration.install

clean:
	rm -rf $(VENV) build dist docs/_build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Debian's python3 comes without venv's ensurepip: as root, fetch it; else say what to install.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than Python 3.11; name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq python3-venv; } || \
		{ echo "Python's venv is missing: apt-get install python3-venv" >&2; exit 1; }
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --upgrade pip

# A stamp per set of extras, renewed when the dependencies change.
$(VENV)/.run: $(VENV)/bin/python pyproject.toml
	@echo "installing what the service needs"
	@$(PIP) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml
	@echo "installing what the tests need"
	@$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.run

$(VENV)/.bench: $(VENV)/.dev
	@echo "installing the peers to measure against"
	@$(PIP) -e '.[dev,bench]'
	@touch $@

$(VENV)/.docs: $(VENV)/.dev
	@echo "installing what builds the documents"
	@$(PIP) -e '.[dev,docs]'
	@touch $@
