# Every target sets up what it needs, once. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help install run demo test long boxes lint bench translations screenshots lock

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "SE3 receiver needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

install: $(READY)  ## set up .venv, with every pinned dependency

run: $(READY)  ## start receiver and forwarder on this machine; prints the addresses to type into a box
	$(BIN)/se3 run

demo: $(READY)  ## show the whole product at work: simulated boxes, broker and EnOS, live counts
	$(BIN)/se3 demo

test: $(READY)  ## run every test; installs mosquitto and PostgreSQL where they are missing and may be installed
	sh tests/parts.sh
	$(BIN)/pytest

long: $(READY)  ## the long runs: 10,000 documents come back equal; 50,000 events and 50 kills on the way to EnOS; PostgreSQL away for two minutes; 100,000 bad requests; 200 kill cycles on each database
	sh tests/parts.sh
	FIDELITY_DOCUMENTS=10000 $(BIN)/pytest --timeout=1800 tests/integration/test_fidelity.py
	POSTGRESQL_AWAY_SECONDS=120 $(BIN)/pytest --numprocesses=0 --capture=no --timeout=600 tests/acceptance/test_postgresql_away.py
	DURABILITY_CYCLES=200 $(BIN)/pytest --numprocesses=0 --capture=no tests/acceptance/test_durability.py -k nothing_that_was_acknowledged
	BACKLOG_EVENTS=50000 FORWARDER_KILLS=50 $(BIN)/pytest --numprocesses=0 --capture=no tests/acceptance/test_enos.py
	BAD_REQUESTS=100000 $(BIN)/pytest --numprocesses=0 --timeout=7200 tests/acceptance/test_bad_requests.py
	FAILING_MACHINE=long $(BIN)/pytest --numprocesses=0 tests/acceptance/test_failing_machine.py

boxes: $(READY)  ## write docs/reference/boxes.md anew: what is stored of each box's events
	WRITE_BOXES_PAGE=1 $(BIN)/pytest --numprocesses=0 tests/integration/test_boxes_page.py -k sqlite

screenshots: $(READY)  ## take the pictures of the console's pages anew, from the demo's data, into docs/images/console
	sh tests/parts.sh
	WRITE_SCREENSHOTS=1 $(BIN)/pytest --numprocesses=0 tests/browser/test_pages.py

lint: $(READY)  ## ruff with its security rules, mypy --strict, import contracts, known vulnerabilities
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.support.audit

bench: $(READY)  ## measure the receiver beside other servers; TABLES="json forms" takes only these tables
	sh tests/parts.sh wrk
	$(BIN)/python -m benchmarks $(TABLES)

TRANSLATIONS := app/console/translations

translations: $(READY)  ## take the console's new texts into the Chinese catalog, and compile it
	@mkdir -p var
	$(BIN)/pybabel -q extract -F $(TRANSLATIONS)/babel.cfg --no-location -k gettext -k ngettext:1,2 -o var/messages.pot app/console
	$(BIN)/pybabel -q update -i var/messages.pot -d $(TRANSLATIONS) --no-fuzzy-matching --ignore-obsolete --width 100
	$(BIN)/pybabel -q compile -d $(TRANSLATIONS)

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock'

lock: $(READY)  ## pin every dependency anew, with hashes, into requirements.lock
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --all-extras --upgrade pyproject.toml -o requirements.lock
	$(COMPILE) --extra oidc --extra build --constraint requirements.lock pyproject.toml -o requirements-run.lock
