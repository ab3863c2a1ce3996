# `make demo` and `make test` each work alone on a fresh machine with Python 3.11 or newer, git and make:
# they make .venv and install what they need, once. `make PYTHON=/path/to/python test` chooses the Python.

.PHONY: help demo test quick lint constraints reference docs clean
.DEFAULT_GOAL := help
export PYTHON
# the tests start Python some hundred times, and TensorFlow takes 20 s to import where nothing of it is kept
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PYTEST_WORKERS ?= 2

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 10

demo: ## go the whole way on photos drawn for the purpose; everything lies in demo/ then
	@.ci/environment demo train,cpu,data
	$(BIN)/ctc demo --output demo --overwrite

test: lint ## check style, imports and types, and run the tests
	$(BIN)/python -m pytest --numprocesses $(PYTEST_WORKERS) --dist loadfile

quick: ## run the tests that need neither TensorFlow nor other processes (under a minute)
	@.ci/environment test test
	$(BIN)/python -m pytest --numprocesses $(PYTEST_WORKERS) --dist loadfile \
		-m "not tensorflow and not subprocess and not slow"

lint: ## check style, imports and types
	@.ci/environment test test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

constraints: ## pin the newest versions that fit together, in constraints.txt
	$(BIN)/uv pip compile setup.cfg --universal --python-version 3.11 --upgrade --quiet --no-annotate \
		--custom-compile-command "make constraints" --output-file constraints.txt \
		$(addprefix --extra=,cpu gpu openvino directml train-gpu dali docs gs azure ray serve mlflow test)

reference: ## write docs/reference/commands.md anew, from what the commands say
	$(BIN)/python .ci/reference.py

docs: ## build the site of docs/ in site/
	@.ci/environment docs docs
	$(BIN)/properdocs build --strict --config-file mkdocs.yml

clean: ## remove what make made
	rm -rf .venv build dist demo site
