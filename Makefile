# `make demo` and `make test` are the two commands; both set up .venv from wheels first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check bench bench-qc soak clean
.DELETE_ON_ERROR:

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --prefer-binary --editable '.[test]'
	touch $@

demo: $(READY)  ## simulate a deployment, run everything over it, say where to look
	rm -rf demo
	$(BIN)/lander demo --out demo

check: $(READY)  ## style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check  ## everything that must hold, in less than 15 minutes on two cores
	$(BIN)/python -m pytest -m 'not bench and not soak' --numprocesses 2 --dist loadfile

bench: $(READY)  ## every performance claim, measured side by side; peers in environments of their own
	$(BIN)/python -m pytest -m bench -p no:xdist --capture=no tests/benchmarks

bench-qc: $(READY)  ## how many faults are found, and how much of nature is left alone: JSON, and a table on standard error
	@$(BIN)/python -m tests.benchmarks.bench_qc

soak: $(READY)  ## the same laws, for longer; ten minutes of fuzzing for each binary reader
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --prefer-binary --editable '.[test,fuzz]'
	$(BIN)/python -m pytest -m soak --numprocesses 2

clean:  ## what can be made again
	rm -rf $(VENV) .venv-peers demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
