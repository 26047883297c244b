# Two commands are enough: `make demo` and `make test`. Both do their own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
STAMP := $(VENV)/.installed
export PATH := $(BIN):$(PATH)
# Without compiled modules each of some hundred Python processes compiles the SDK anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test long unit coverage chaos acceptance check snapshots bench audit judges core tools image-tools clean help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | sort

demo: core  ## bring up the sandbox, preview and apply a whole environment in it
	@cd examples/quickstart && sh ./demo.sh

# One worker for each core with 3 GiB of memory, and at least two (tests/support/lanes.py).
PYTEST := $(BIN)/python -m pytest -n auto --no-loadscope-reorder

test: tools image-tools  ## run the tests against the real engine and the real control plane
	@$(PYTEST) tests -m "not long" --durations 15

long: tools image-tools  ## run the tests that `make test` leaves out: they take minutes, and rarely break
	@$(PYTEST) tests -m long --durations 15

unit: $(STAMP)  ## run the quick tests: no engine, no cloud, nothing to build
	@$(PYTEST) tests/unit tests/stacks -m "not toolchain" \
		-W error::ResourceWarning -W error::pytest.PytestUnraisableExceptionWarning \
		-W error::pytest.PytestUnhandledThreadExceptionWarning

coverage: tools image-tools  ## run every test and print which lines and branches ran
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest tests; status=$$?; \
		$(BIN)/coverage combine -q && $(BIN)/coverage report --skip-covered --sort=cover; exit $$status

chaos: tools  ## stop and kill the `up` of a real project 20 times each
	@STACKYARD_STOPS=20 STACKYARD_KILLS=20 $(PYTEST) tests/e2e/test_stops.py

# For an account of your own: it makes, changes and DESTROYS the whole stage; docs/aws.md.
acceptance: $(STAMP)  ## apply, ask, change and destroy a stage: make acceptance ESTATE=DIR STACK=TEAM/PROJECT/STAGE
	@$(BIN)/python -m tests.acceptance "$(ESTATE)" "$(STACK)"

check: $(STAMP)  ## lint, format and types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: tools  ## measure, and print the table of medians
	@$(BIN)/python -m benchmarks.bench

audit: tools  ## let auditors that nobody here wrote look at the reference estate
	@$(BIN)/python -m audits

judges: tools  ## hold what the estates declare against sources from outside: schemas, rights, the API's rules
	@$(BIN)/python -m audits.judges

snapshots: $(STAMP)  ## write the snapshots of the public surface anew, for a review
	@$(BIN)/python -m tests.unit.compatibility.surface

core: $(STAMP)  ## build what the sandbox needs (cached outside the repository)
	@$(BIN)/python -m stackyard_sandbox.toolchain build --core

tools: $(STAMP)  ## build that, and what tests alone need
	@$(BIN)/python -m stackyard_sandbox.toolchain build

image-tools: $(STAMP)  ## build what builds container images, which only tests do
	@$(BIN)/python -m stackyard_sandbox.toolchain build --images

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "error: Python 3.11 or newer is needed (got $$($(PYTHON) --version 2>&1))"; \
		echo "hint: install it, then run make PYTHON=/path/to/python3.11"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "error: this Python cannot make virtual environments"; \
		echo "hint: install the venv package of your distribution, for example python3-venv"; exit 2; }
	@echo "Python environment: installing the locked requirements into $(VENV)"
	@start=$$(date +%s); \
		$(PYTHON) -m venv $(VENV) && \
		$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-compile --require-hashes -r requirements.txt && \
		$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . && \
		touch $(STAMP) && echo "Python environment: ready after $$(($$(date +%s) - start)) s"

clean:  ## remove the Python environment
	@rm -rf $(VENV)
