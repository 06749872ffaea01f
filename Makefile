# Each target makes its own virtual environment when there is none.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
# The lock was made on CPython 3.11 to 3.13; on 3.10 pip resolves within the caps of pyproject.toml.
LOCK   := $(shell $(PYTHON) -c 'import sys; print("-c requirements.lock" if sys.version_info >= (3, 11) else "")')

.PHONY: demo table-read test check docs fuzz mutants

demo: $(VENV)/.installed
	mkdir -p films
	$(BIN)/dialogue render scenes/two_hander/scene.yaml -o films/two_hander.mp4

# A script with no recordings: draft voices read it out.
table-read: $(VENV)/.installed
	mkdir -p films
	$(BIN)/dialogue import scenes/table_read/noise.fountain -o films/table_read/scene.yaml --force
	$(BIN)/dialogue render films/table_read/scene.yaml -o films/table_read.mp4

test: $(VENV)/.installed
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/mypy

# 20 000 damaged files through the commands, on all processors but one; a fault is printed with its seed.
fuzz: $(VENV)/.installed
	$(BIN)/python scripts/fuzz.py

docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet $(LOCK) -e '.[docs]'
	$(BIN)/mkdocs build --strict --quiet

# How many small mistakes, put into the code one at a time, the tests find: see docs/performance.md.
mutants: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet "mutmut>=3,<4"
	$(BIN)/mutmut run
	$(BIN)/mutmut results

$(VENV)/.installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=24"
	$(BIN)/python -m pip install --quiet $(LOCK) -e '.[voices,sherpa,clean,ray,dev]'
	-$(BIN)/dialogue models pull faces
	touch $@
