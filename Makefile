# Minnow. `make run` shows the site, `make test` proves it; `make help` lists the rest.
SHELL := /bin/sh
HOST ?= 127.0.0.1
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
# Touched when the environment holds what the list of the same name asks for, so that a second start installs nothing.
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
# The first Python that is new enough. Looked for only where it is used.
NEW_ENOUGH := 'import sys; sys.exit(sys.version_info < (3, 11))'
PYTHON ?= $(or $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c $(NEW_ENOUGH) 2>/dev/null && echo $$python && break; done),python3)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes

.DEFAULT_GOAL := help
.PHONY: help run test unit lint coverage compiled bench bench-models bench-framework settings up down lock clean
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The key that signs cookies: SECRET_KEY or SECRET_KEY_FILE, or else one that this machine makes for itself.
ifeq ($(SECRET_KEY)$(SECRET_KEY_FILE),)
run: export SECRET_KEY_FILE := var/secret_key
run: var/secret_key
endif

run: $(RUNTIME) ## serve the site on http://127.0.0.1:8000 from SQLite (HOST, PORT, DATABASE_URL)
	@$(BIN)/python -m app migrate && $(BIN)/python -m app seed
	@exec $(BIN)/python -m server 'app:create_app()' --bind '$(HOST):$(PORT)' --model coroutine --static /static=static

# Lint first, so that the last line is pytest's; it does not keep the tests from running, but fails the whole.
test: ## everything: lint, unit, integration, the compose stack, the browser; installs what it needs
	@tests/prepare-machine
	@$(MAKE) --no-print-directory $(DEV)
	@$(MAKE) --no-print-directory lint; lint=$$?; $(BIN)/pytest; tests=$$?; [ $$tests -eq 0 ] || exit $$tests; exit $$lint

unit: $(DEV) ## the fast tests: no container, no browser, no process of their own
	@$(BIN)/pytest -m 'not stack and not browser and not integration'

lint: $(DEV) ## ruff, mypy --strict, shellcheck
	@failed=0; \
	$(BIN)/ruff check || failed=1; \
	$(BIN)/ruff format --check || failed=1; \
	$(BIN)/mypy --strict || failed=1; \
	if command -v shellcheck >/dev/null; then shellcheck -x $$(git grep -lE '^#!/.*sh$$|^# shellcheck shell=') || failed=1; \
	else echo 'shellcheck is not installed: the shell scripts were not checked'; fi; \
	exit $$failed

coverage: $(DEV) ## the protocol core must be covered whole, branches too
	@$(BIN)/pytest -q --cov=server.http11 --cov=server.session --cov=server.environ --cov=server.files --cov=server.wsgi --cov=server.body --cov-branch \
		--cov-report=term-missing:skip-covered --cov-fail-under=100 \
		tests/http11 tests/server/test_session.py tests/server/test_body.py tests/server/test_wsgi*.py

settings: $(DEV) ## write docs/settings.md anew from server/config.py
	@$(BIN)/python -m server --print-settings-page >docs/settings.md

compiled: $(DEV) ## a copy of the server whose core mypyc has compiled, in var/compiled (needs a C compiler)
	@deploy/compile-core var/compiled

bench: ## measure beside other servers (bench/README.md)
	@$(MAKE) --no-print-directory -C bench all

bench-models: ## measure the concurrency models: the table and the chart of docs/models.md
	@$(MAKE) --no-print-directory -C bench models

bench-framework: ## measure the framework beside Flask, Bottle and Falcon, in process
	@$(PYTHON) -m venv .venv-bench-framework
	@.venv-bench-framework/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
		-r bench/framework/requirements.txt
	@.venv-bench-framework/bin/python bench/framework/compare.py

up: ## the whole stack in containers, on http://localhost:8080 (HTTP_PORT)
	docker compose up --detach --build --wait

down: ## stop the containers; their data stays
	docker compose down

LOCK = .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-strip-extras --custom-compile-command 'make lock'

lock: ## pin and hash the dependencies of pyproject.toml anew
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet uv
	$(LOCK) pyproject.toml --output-file requirements.txt
	$(LOCK) pyproject.toml --group dev --output-file requirements-dev.txt
	$(LOCK) --group compile --constraint requirements-dev.txt --output-file requirements-compile.txt

clean: ## remove what was installed and cached here; var/, which holds your data, stays
	rm -rf $(VENV) .venv-lock .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
	find . -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c $(NEW_ENOUGH) 2>/dev/null || \
		{ echo 'minnow: Python 3.11 or newer is needed (if it has another name: make PYTHON=/path/to/it)' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo 'minnow: this Python cannot make virtual environments (Debian: apt install python3-venv)' >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)

# The interpreter counts: after an upgrade of the system's Python everything is installed anew.
$(RUNTIME): requirements.txt $(BIN)/python
	@echo 'minnow: installing the dependencies into $(VENV), once'
	@$(PIP) -r $<
	@touch $@

$(DEV): requirements-dev.txt $(BIN)/python
	@echo 'minnow: installing the dependencies and the tools of the tests into $(VENV), once'
	@$(PIP) -r $<
	@touch $@ $(RUNTIME)

var/secret_key: | $(BIN)/python
	@mkdir -p $(@D)
	@umask 077 && $(BIN)/python -c 'import secrets; print(secrets.token_hex(32))' >$@
