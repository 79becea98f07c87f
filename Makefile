# `make demo` does everything on a fresh machine; `make test` runs the tests. Both set up what they need first.
PYTHON := .venv/bin/python
SIDE_BY_SIDE := -n auto --dist worksteal
C_SOURCES = $(shell git ls-files '*.c' '*.h' '*.cc')

.PHONY: demo test test-fast test-boards fuzz mutants
.PHONY: bench-engine bench-detectors bench-share bench-train bench-faces results
.PHONY: lint imports format hooks docs docs-serve setup lock dist clean help

demo: setup ## From photographs to a report measured on an emulated nucleo-h743
	$(PYTHON) -m tinydf.cli demo --out build/demo

test: setup ## All tests
	$(PYTHON) -m pytest $(SIDE_BY_SIDE)

test-fast: setup ## The tests that need neither emulator nor conversion and take little: under two minutes
	$(PYTHON) -m pytest $(SIDE_BY_SIDE) -m "not slow and not emulator and not export"

test-boards: setup ## The demo model on every emulated board, 20 images, no byte other: docs/reference/boards.md
	$(PYTHON) -m benchmarks.boards

fuzz: setup ## 100,000 mutated models through the compiler
	$(PYTHON) -m tests.fuzz.tflite --cases 100000

mutants: setup ## A fault seeded in each kernel: does the sanitizers' test find it?
	$(PYTHON) -m tests.mutants

bench-engine: setup ## The compiled engine on emulated boards of every core, beside its baselines: benchmarks/engine.md
	$(PYTHON) -m benchmarks.engine

bench-detectors: setup ## What each detector costs on the emulated nucleo-h743: benchmarks/detectors.md
	$(PYTHON) -m benchmarks.detectors

bench-share: setup ## How fast and how truly pictures are shared: benchmarks/share.md
	$(PYTHON) -m benchmarks.share

bench-train: setup ## How fast detectors are trained, and how much of it is waiting: benchmarks/train.md
	test -d build/demo/data || $(PYTHON) -m tinydf.cli data demo --out build/demo/data
	$(PYTHON) -m benchmarks.train --data build/demo/data

bench-faces: setup build/full ## The detectors for faces against their goals, some hours: benchmarks/faces.md
	$(PYTHON) -m benchmarks.faces --data build/full

results: setup build/full ## Pre-training and augmentation compared, three hours: docs/reference/results.md
	$(PYTHON) -m benchmarks.results --data build/full

build/full: | setup
	$(PYTHON) -m tinydf.cli data demo --tier full $(if $(ACCEPT_LICENCE),--accept-licence) --out $@

lint: setup ## ruff, mypy, import-linter, clang-format, licence lines
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports
	.venv/bin/clang-format --dry-run -Werror $(C_SOURCES)
	$(PYTHON) -m scripts.spdx --check

imports: setup ## Which room imports which: a table, and docs/images/rooms.svg (needs Graphviz)
	$(PYTHON) -m scripts.import_graph --svg docs/images/rooms.svg

format: setup ## Rewrite the sources as `make lint` wants them
	$(PYTHON) -m scripts.spdx
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .
	.venv/bin/clang-format -i $(C_SOURCES)

docs: setup ## The documentation as a site, in build/site; a broken link or anchor is an error
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet

docs-serve: setup ## Show the documentation while it is written, at http://localhost:8000
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs serve

hooks: setup ## Check each commit before it is made: formats, lint, types, the subject's length
	.venv/bin/pre-commit install

setup: ## Debian packages and the virtual environment
	@scripts/setup

lock: ## Resolve the requirements again (needs uv)
	uv pip compile pyproject.toml --extra dev --constraint requirements/constraints.txt --python-version 3.11 \
		--generate-hashes --no-header --quiet --output-file requirements/lock.txt

dist: setup ## sdist and wheel, checked as an index would
	rm -rf dist
	$(PYTHON) -m build --no-isolation --outdir dist
	$(PYTHON) -m twine check --strict dist/*

clean: ## Remove what was built
	rm -rf build dist

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.* ## / {printf "%-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
