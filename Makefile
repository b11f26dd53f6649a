# Every task of the repository. Works with GNU make 3.81 and a POSIX shell.
SHELL := /bin/sh
.SUFFIXES:
.DEFAULT_GOAL := help

BIN := .venv/bin
STAMP := .venv/.commis-setup
MEMBERS := proto chassis services/customers services/catalog services/orders services/library \
	services/notifications gateway local
SOURCES := chassis/src services/customers/src services/catalog/src services/orders/src \
	services/library/src services/notifications/src gateway/src local/src
empty :=
space := $(empty) $(empty)
export MYPYPATH := $(subst $(space),:,$(strip proto/gen $(SOURCES)))
export PYTHON

.PHONY: help setup run demo reset test test-unit lint gen check-gen proto-lint bench lock

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## build .venv with pinned versions (quick when nothing changed)
	@:

$(STAMP): locks/dev.txt local/setup.sh $(addsuffix /pyproject.toml,$(MEMBERS))
	@sh local/setup.sh
	@touch $@

run: $(STAMP) ## start the whole suite with demo data, order once, stay up until Ctrl-C
	@exec env COMMIS_STOP_WITH_PARENT=1 $(BIN)/python -m local run

demo: $(STAMP) ## start the suite, load the demo data, place an order as a representative, stop
	@exec env COMMIS_STOP_WITH_PARENT=1 $(BIN)/python -m local demo

reset: $(STAMP) ## delete the data of the suite on this machine (.local-data)
	@$(BIN)/python -m local reset

test: $(STAMP) ## run every test
	@$(BIN)/python tools/test

test-unit: $(STAMP) ## run the tests that need neither database nor broker
	@for tests in $(wildcard services/*/tests/unit local/tests/unit) gateway/tests; do \
		$(BIN)/python -m pytest -q $$tests || exit 1; \
	done

lint: $(STAMP) ## check style, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict $(SOURCES) proto/generate.py

gen: $(STAMP) ## regenerate proto/gen from the contracts
	@$(BIN)/python proto/generate.py

check-gen: $(STAMP) ## fail when proto/gen is not what the contracts generate
	@$(BIN)/python proto/generate.py --check

proto-lint: $(STAMP) ## lint the contracts and refuse changes that break the last commit of main
	@$(BIN)/buf lint proto
	@if git rev-parse --quiet --verify main:proto/buf.yaml >/dev/null 2>&1; then \
		$(BIN)/buf breaking proto --against '.git#branch=main,subdir=proto'; \
	else \
		echo "proto-lint: main has no contracts yet, nothing to compare with"; \
	fi

bench: $(STAMP) ## run the benchmarks
	@$(BIN)/python -m bench

lock: $(STAMP) ## take the newest versions that fit into locks/
	@$(BIN)/python tools/lock --upgrade
