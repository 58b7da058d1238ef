# CityLoop. Needs Python 3.11+ and make; everything else is brought by the targets.

VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check install --quiet -c .ci/constraints.txt
PINS := setup.cfg pyproject.toml .ci/constraints.txt

.DEFAULT_GOAL := help
.PHONY: help run test bench lint format assets chromium fuzz clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.runtime assets ## the main job on SQLite with demonstration data: web server and worker
	@$(BIN)/cityloop demo --serve

test: $(VENV)/.test assets chromium ## everything: engine, web, processes, PostgreSQL, browser
	$(BIN)/pytest -n $${PYTEST_WORKERS:-2} --dist loadgroup

bench: $(VENV)/.test assets ## speed and memory, measured in one run beside what they are compared with
	@$(BIN)/python tests/benchmarks

lint: $(VENV)/.lint ## style, types, floor plan
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.lint ## put the style right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

assets: $(VENV)/.runtime ## browser bundles and translations (skipped when nothing changed)
	@$(BIN)/cityloop assets

chromium: ## a browser for the browser tests, where this machine lets us install one
	@command -v chromium >/dev/null 2>&1 && fc-list :lang=zh 2>/dev/null | grep -q . \
	|| (test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq \
	    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	       chromium fonts-noto-cjk fontconfig >/dev/null) \
	|| (sudo -n true 2>/dev/null && sudo -n apt-get update -qq \
	    && sudo -n DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	       chromium fonts-noto-cjk fontconfig >/dev/null) \
	|| echo "No Chromium here and no right to install one: the browser tests will be skipped."

fuzz: $(VENV)/.test ## the differential fuzz of the runtime, for hours (FUZZ_EXAMPLES=100000)
	FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-100000} $(BIN)/pytest tests/engine/bpmn -k fuzz

clean: ## forget the environment, the bundles and the demonstration data
	rm -rf $(VENV) web/static/dist web/frontend/node_modules var

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("CityLoop needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	@echo "Making an environment of its own in $(VENV), the first time only …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(PINS) | $(BIN)/python
	@echo "Installing what CityLoop needs; a minute or two …"
	@$(PIP) -e '.[assets]'
	@touch $@

$(VENV)/.test: $(VENV)/.runtime
	$(PIP) -e '.[assets,test]'
	@touch $@

$(VENV)/.lint: $(VENV)/.runtime
	$(PIP) -e '.[assets,lint]'
	@touch $@
