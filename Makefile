# Isotherm: make demo, make test; `make help` lists the rest.

VENV := .venv
PY := $(VENV)/bin/python
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
INSTALL := $(PY) -m pip install --quiet --constraint constraints.txt
PYTEST := $(VENV)/bin/pytest -n 2

.PHONY: help demo test test-all lint docs clean

help:
	@echo 'make demo      install into $(VENV) and run the main job'
	@echo 'make test      install and run the tests, but for those marked slow'
	@echo 'make test-all  all tests'
	@echo 'make lint      ruff and pyright'
	@echo 'make docs      build the documentation into docs/_build/html'
	@echo 'make clean     remove $(VENV) and everything built; runs/ stays'

demo: $(VENV)/.package
	$(VENV)/bin/isotherm run routing --preset demo
	$(VENV)/bin/isotherm run routing-replay --preset demo

test: $(VENV)/.with-test
	$(PYTEST) -m 'not slow'

test-all: $(VENV)/.with-test $(VENV)/.with-docs
	$(PYTEST)

lint: $(VENV)/.with-lint $(VENV)/.with-test
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/pyright

docs: $(VENV)/.with-docs
	$(PY) -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo 'docs/_build/html/index.html'

clean:
	rm -rf $(VENV) build dist docs/_build docs/autoapi .pytest_cache .ruff_cache .hypothesis

$(VENV)/.python:
	@test -n '$(PYTHON)' || { echo 'error: python = none: Isotherm needs Python 3.11 or newer; make PYTHON=/path/to/python3.11' >&2; exit 2; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "error: python = %d.%d: Isotherm needs Python 3.11 or newer" % v[:2])'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.package: pyproject.toml constraints.txt | $(VENV)/.python
	$(INSTALL) --editable .
	@touch $@

$(VENV)/.with-%: $(VENV)/.package
	$(INSTALL) --group $*
	@touch $@

.PRECIOUS: $(VENV)/.with-%
