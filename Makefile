# `make run` is all that a fresh machine with Python 3.11 needs: no database, no broker, no account.

PY ?= python3
ARGS ?=
V := .venv
BIN := $(V)/bin
UV := $(BIN)/uv
LOCK := $(UV) pip compile -q --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test faults nightly bench bench-peers bench-all check lint field field-test lock clean

# Settings of the surrounding machine that would send an installation somewhere else than into the venv.
export PIP_USER := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONHOME UV_PYTHON UV_SYSTEM_PYTHON

help:
	@echo "make run     start huijia with its own database, a sandbox of outlets and one drill; Ctrl-C ends it"
	@echo "make test    every test that a fresh machine can run          make test ARGS='tests/db -x'"
	@echo "make faults  processes killed, outlets hanging, networks bad, the database away; and the commands as a user runs them"
	@echo "make nightly a million random steps over the ledger, which takes an hour; the tests take 20,000"
	@echo "make bench   the fan-out against its own client alone, on loopback     make bench ARGS='--outlets 5000 --rounds 5'"
	@echo "make bench-peers  and against what one would use instead; redis-server and Alertmanager are looked for on the path"
	@echo "make bench-all  every measurement, as one table in Markdown; make bench-all ARGS=--quick only sees that each works"
	@echo "make check   format, lint, types, import arrows and laws; make lint leaves out the laws, which are tests"
	@echo "make field   install what some tests want beside Python (a browser, OBS, Liquidsoap …), from the system's packages"
	@echo "make field-test  on the real servers that make field installs; frames and sounds are kept in artefacts/"
	@echo "make lock    write the hashed requirements anew               make lock ARGS=--upgrade"
	@echo "make clean   remove the venv and the caches; the data in .data stay"
	@echo "Any Python from 3.11 on will do:                              make run PY=/path/to/python3.12"

run: $(V)/.run
	@trap : INT; $(BIN)/huijia serve --sandbox --drill $(ARGS) || { code=$$?; [ $$code -eq 130 ] || exit $$code; }

# Side by side what only counts; what kills processes and looks at the clock is `make faults`.
ALONE := tests/commands tests/faults
# One fault, on a small rig, so that whoever runs the tests has seen some: half a minute more.
BRIEF := tests/faults/test_kill.py::test_dispatchers_are_killed
test: $(V)/.dev
ifeq ($(ARGS),)
	@$(BIN)/python -m pytest -q -n 4 --dist loadfile --no-loadscope-reorder $(ALONE:%=--ignore=%) --ignore=tests/field
	@HUIJIA_TEST_SCREENS=60 $(BIN)/python -m pytest -q $(BRIEF)
else
	@$(BIN)/python -m pytest $(ARGS)
endif

faults: $(V)/.dev
	@$(BIN)/python -m pytest -q --durations=5 $(ALONE)

nightly: $(V)/.dev
	@HUIJIA_MACHINE=nightly $(BIN)/python -m pytest -q -n auto --maxschedchunk 1 -rP tests/machine/test_machine.py

bench: $(V)/.dev
	@$(BIN)/python -m bench $(ARGS)

bench-peers: $(V)/peers/.done $(V)/peers-arq/.done
	@$(BIN)/python -m bench.peers --venv $(V)/peers $(ARGS)

bench-all: $(V)/peers/.done $(V)/peers-arq/.done
	@$(BIN)/python -m bench.all --venv $(V)/peers $(ARGS)

check: lint
	@echo "laws";          $(BIN)/python -m pytest -q tests/law

lint: $(V)/.dev
	@echo "ruff format";   $(BIN)/ruff format --check . >$(V)/said || { cat $(V)/said; exit 1; }
	@echo "ruff check";    $(BIN)/ruff check --quiet .
	@echo "mypy";          $(BIN)/mypy --no-error-summary
	@echo "import arrows"; $(BIN)/lint-imports --no-logo >$(V)/said || { cat $(V)/said; exit 1; }

FIELD := chromium obs-studio xvfb liquidsoap icecast2 mosquitto postgresql ffmpeg sox fonts-wqy-microhei fonts-noto-cjk \
	iproute2 libatomic1 xmlsec1 faketime prometheus

# Tests that want one of these say so loudly where it is missing, and the summary counts them as skipped.
field:
	@command -v apt-get >/dev/null || { echo "make field knows apt-get only; install chromium and a Chinese font by hand"; exit 1; }
	@echo "installing a browser, OBS Studio with a screen, Liquidsoap, Icecast, Mosquitto, PostgreSQL, Prometheus, ffmpeg, sox and Chinese fonts"
	@apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(FIELD) >/dev/null

field-test: $(V)/.dev
	@$(BIN)/python -m pytest -q --durations=5 tests/field

lock: $(V)/.uv
	@for each in -uv "" -dev -peers -peers-arq; do echo "writing requirements$$each.txt"; \
		$(LOCK) $(ARGS) requirements$$each.in -o requirements$$each.txt || exit 1; done

clean:
	rm -rf $(V) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find app channels sandbox migrations tests -type d -name __pycache__ -prune -exec rm -rf {} +

# uv first, by hash like everything else; it installs the rest in seconds. Where it cannot (it does not read pip's
# configuration, so an index known to pip alone is unknown to it) pip does the same work from the same hashes.
define install
	@$(UV) pip install -q --python $(or $(3),$(BIN)/python) $(2) $(1) || { \
		echo "uv could not; pip tries, which takes longer"; $(or $(3),$(BIN)/python) -m pip install -q $(1); }
endef

$(V)/.uv: requirements-uv.txt
	@command -v "$(PY)" >/dev/null || { echo "huijia needs Python 3.11 or newer, and there is no $(PY): make PY=/path/to/python3"; exit 1; }
	@"$(PY)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "huijia needs Python 3.11 or newer, and $(PY) is $$("$(PY)" -V 2>&1): make PY=/path/to/python3.11"; exit 1; }
	@echo "making $(V) with $$("$(PY)" -V 2>&1)"
	@"$(PY)" -m venv --clear $(V)
	@$(BIN)/python -m pip install -q --require-hashes -r requirements-uv.txt
	@touch $@

$(V)/.run: $(V)/.uv requirements.txt pyproject.toml
	@echo "installing requirements.txt"
	$(call install,--require-hashes -r requirements.txt,--compile-bytecode)
	$(call install,--no-deps --no-build-isolation -e .)
	@touch $@

$(V)/.dev: $(V)/.run requirements-dev.txt
	@echo "installing requirements-dev.txt"
	$(call install,--require-hashes -r requirements-dev.txt)
	@touch $@

# What bench.peers compares with: venvs of their own, so that nothing of it comes near what huijia runs with.
$(V)/%/.done: requirements-%.txt | $(V)/.dev
	@echo "making $(V)/$* and installing $<"
	@"$(PY)" -m venv --clear $(V)/$*
	$(call install,--require-hashes -r $<,,$(V)/$*/bin/python)
	@touch $@
