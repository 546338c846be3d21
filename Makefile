# make app: the dashboard. make test, make check: what must pass. Without make: see README.md.
ifndef PYTHON
PYTHON := $(firstword $(foreach p,python3 python3.13 python3.12 python3.11 python,\
  $(shell $(p) -c 'import sys; print("$(p)" * (sys.version_info >= (3, 11)))' 2>/dev/null)))
endif
VENV ?= .venv
PORT ?= 8501
DATA_ROOT ?= $(or $(HOURGLASS_DATA_ROOT),data)
RUN := $(VENV)/bin/python
TESTS ?=

.PHONY: app test check format lint types zoo bench screenshots venv

app: $(VENV)/.installed
	@$(RUN) -m core app --port $(PORT)

test: $(VENV)/.installed-dev
	$(RUN) -m pytest $(TESTS)

check: lint types test

lint: $(VENV)/.installed-dev
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .

types: $(VENV)/.installed-dev
	$(RUN) -m mypy

format: $(VENV)/.installed-dev
	$(RUN) -m ruff format .
	$(RUN) -m ruff check --fix .

zoo: $(VENV)/.installed
	$(RUN) -m benchmarks.zoo --data-root $(DATA_ROOT)

bench: $(VENV)/.installed
	$(RUN) -m benchmarks --data-root $(DATA_ROOT)

screenshots: $(VENV)/.installed-dev
	$(RUN) -m benchmarks.screenshots

venv: $(RUN)

$(RUN):
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Hourglass needs Python 3.11 or later: install it, or say where it is: make app PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make virtual environments: install its venv package (on Debian and Ubuntu: python3-venv)" >&2; exit 1; }

$(VENV)/.installed: requirements.txt | $(RUN)
	@echo "Installing what requirements.txt lists into $(VENV). Once; it takes some minutes."
	$(RUN) -m pip install --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(RUN) -m pip install --disable-pip-version-check -r requirements-dev.txt
	@touch $@
