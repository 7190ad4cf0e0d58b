# Everything starts here: `make help`. The work is done by scripts/*.py; this file only names it.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check wire translations format bench screenshots clean
PORT ?= 8888
SERVE ?= 1
SYSTEM_PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	if $$p -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)
PYTHON := .venv/bin/python
JLPM := $(PYTHON) kernel/_build_backend/labdeck_frontend.py jlpm

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

setup: ## make .venv, node_modules and the front end (a second run takes a second)
	@test -n "$(SYSTEM_PYTHON)" || { echo "Python 3.11 or newer with venv is needed: apt-get install python3 python3-venv"; exit 1; }
	@$(SYSTEM_PYTHON) scripts/setup_env.py

demo: setup ## run the quickstart notebook, then serve JupyterLab with it (SERVE=0: stop after the run; PORT=8888)
	@$(PYTHON) scripts/demo.py --serve $(SERVE) --port $(PORT)

test: setup ## everything: lint, types, architecture, Python, TypeScript, browser
	@$(PYTHON) scripts/verify.py test

check: setup ## the fast part of it, for every commit
	@$(PYTHON) scripts/verify.py check

translations: setup ## bring the catalogs in labextension/locale up to date with the texts of the sources
	@$(PYTHON) scripts/translations.py update

format: setup ## let the formatters rewrite the sources
	@.venv/bin/ruff check --quiet --fix --exit-zero . && .venv/bin/ruff format --quiet .
	@$(JLPM) format --log-level=warn

wire: setup ## write labextension/src/wire.ts anew from labdeck.wire
	@$(PYTHON) labextension/scripts/wire_schema.py > .build/wire.json
	@$(JLPM) wire labextension/src/wire.ts < .build/wire.json

bench: setup ## measure every claim about speed against its peers (in an environment of their own)
	@$(PYTHON) -m bench

screenshots: setup ## run the browser stories and keep their pictures in docs/images, where README and docs show them
	@$(PYTHON) scripts/screenshots.py

clean: ## remove everything that the other targets made
	rm -rf .venv bench/.venv .build .demo node_modules lib build dist kernel/labdeck/labextension kernel/labdeck/locale *.egg-info
