# make demo    a small invented province on http://127.0.0.1:8080; Ctrl-C stops everything
# make test    format, lint, types, floors, translations and tests
# Every target makes the environment first when it is missing; nothing is installed outside .venv.

# The first of these that is Python 3.11 to 3.13 and can make environments; `make PYTHON=/path/to/python` chooses another.
PYTHON ?=
PYTHONS := $(if $(PYTHON),$(PYTHON),python3 python3.13 python3.12 python3.11)
FITS := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SPARK := $(VENV)/.spark
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet --no-input

# Three workers: on two cores one of them always waits for its database.
WORKERS ?= 3
COVERAGE_FLOOR ?= 95

.PHONY: help install spark demo test test-slow lint clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# make/make/p' Makefile
	@echo 'make install | spark | lint | test-slow | clean'

install: $(READY)

# The mark is written last, so an installation that was broken off is begun anew.
$(READY): requirements.lock pyproject.toml
	@set -eu; chosen=''; \
	for candidate in $(PYTHONS); do \
	  if "$$candidate" -c '$(FITS)' >/dev/null 2>&1; then chosen="$$candidate"; break; fi; \
	done; \
	if [ -z "$$chosen" ]; then \
	  echo 'Python 3.11, 3.12 or 3.13 with its venv module is needed; none was found among: $(PYTHONS)' >&2; exit 1; \
	fi; \
	if ! $(BIN)/python -c '$(FITS)' >/dev/null 2>&1; then rm -rf $(VENV); "$$chosen" -m venv $(VENV); fi
	@echo 'Installing into $(VENV); this takes a minute or two the first time.'
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m matching precompile
	@touch $(READY)

# Spark is large and for clusters; nothing but its own engine and tests needs it. It runs on Java 17 or later.
spark: $(SPARK)

$(SPARK): requirements-spark.lock $(READY)
	@echo 'Installing Spark into $(VENV); this takes a minute or two.'
	@$(PIP) install --require-hashes --no-deps --requirement requirements-spark.lock
	@touch $(SPARK)

demo: $(READY)
	@exec $(BIN)/child-registry demo

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -m 'not slow and not browser' -n $(WORKERS) \
	  --cov --cov-report=term:skip-covered --cov-fail-under=$(COVERAGE_FLOOR)

test-slow: $(READY) $(SPARK)
	$(BIN)/python -m pytest -m 'slow or browser'

clean:
	rm -rf $(VENV) build dist htmlcov .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	  .import_linter_cache child_registry.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
