# PYTHON names the Python (3.11 or newer) that .venv is made with.
PYTHON ?= python3
VENV := .venv/bin
PREPARE = $(PYTHON) deploy/local/prepare.py

.DEFAULT_GOAL := help
.PHONY: help demo up down test test-pages check faults bench generate

help: ; @printf '%s\n' 'make demo      a county in miniature, from nothing' 'make up, down  the stack alone' 'make test      all tests but those in a browser and those of faults' 'make test-pages  pages, in Chromium' 'make check     lint, types, imports, generated files' 'make faults    every fault at every place; N=5, ONLY=matrix, CASE=stop' 'make bench     figures, on this machine; ONLY=name, SCALE=0.01' 'make generate  the contract files and tables of states, after a change of schemas/ or domain/'
demo: ; @$(PREPARE) && $(VENV)/python -m deploy.demo
up: ; @$(PREPARE) && $(VENV)/python -m deploy.local up
down: ; @$(PREPARE) && $(VENV)/python -m deploy.local down
test: ; @$(PREPARE) --dev && $(VENV)/python -m pytest -n 2 --dist loadgroup --ignore=tests/pages --ignore=tests/faults/processes
test-pages: ; @command -v chromium >/dev/null || { echo 'Chromium is missing: apt-get install chromium fonts-noto-cjk' >&2; exit 1; }; $(PREPARE) --dev && $(VENV)/python -m pytest -n 2 --dist loadfile tests/pages
check: ; @$(PREPARE) --dev && $(VENV)/ruff check && $(VENV)/ruff format --check && $(VENV)/mypy && $(VENV)/lint-imports && $(VENV)/python -m lianxin_schemas.generate --check && $(VENV)/python -m services.states --check
faults: ; @$(PREPARE) --dev && $(VENV)/python -m tests.faults
bench: ; @$(PREPARE) --dev && $(VENV)/python -m tests.bench
generate: ; @$(PREPARE) --dev && $(VENV)/python -m lianxin_schemas.generate && $(VENV)/python -m services.states
