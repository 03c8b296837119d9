# Everything runs from a virtual environment beside the code; `make demo` and `make test` build it.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
export LEAD_PLATFORM_HOME ?= .lead_platform
# Container images set it: every process of `up` and of the tests would compile the project anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-fast check up bench bench-identity install clean constraints

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] < (3, 14); \
		sys.exit(None if ok else f"Python {sys.version.split()[0]} found; 3.11 to 3.13 is needed. Run: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)")'
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned dependencies into $(VENV) (a few minutes the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: install
	@$(BIN)/lead-platform demo

up: install
	@$(BIN)/lead-platform up

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/python -m pytest -n 3 --dist loadgroup

test-fast: check
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m fast

bench: install
	$(BIN)/python -m benchmarks.pipeline

bench-identity: install
	$(BIN)/python -m benchmarks.identity --out charts/ --speed 1000000

constraints: install
	$(BIN)/python -m pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf $(VENV) .lead_platform dbt_project/target
