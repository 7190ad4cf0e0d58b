# Everything starts here: `make help`. The work is done by scripts/*.py; this file only names it.
.DEFAULT_GOAL := help
.PHONY: help setup clean
PORT ?= 8888
SERVE ?= 1
SYSTEM_PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	if $$p -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)
PYTHON := .venv/bin/python

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

setup: ## make .venv, node_modules and the front end (a second run takes a second)
	@test -n "$(SYSTEM_PYTHON)" || { echo "Python 3.11 or newer with venv is needed: apt-get install python3 python3-venv"; exit 1; }
	@$(SYSTEM_PYTHON) scripts/setup_env.py

clean: ## remove everything that the other targets made
	rm -rf .venv .build .demo node_modules lib build dist kernel/labdeck/labextension *.tsbuildinfo *.egg-info
