# Everything runs in target/ and .venv/. It needs a Rust toolchain and Python 3.11 or newer, and installs the rest itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Test workers: one a core.
WORKERS ?= auto
# Each Rust test in a process of its own, all of them side by side, where cargo-nextest is installed.
NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)
# Optimised as it is shipped, but for what the linker does, which takes minutes.
QUICK_LINK := CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16

.PHONY: help demo test check test-rust test-browser test-python test-engines test-datafusion bench docs lint deny fmt clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Build the command and describe the real data in data/, as a table and as JSON
	@echo "Building the command: some minutes the first time ..."
	@cargo build --profile demo --quiet --no-default-features --features cli --bin rstats
	@for arguments in \
		"data/city_temps.parquet data/seattle_weather.parquet --format table" \
		"data/city_temps.parquet --by city --stats mean,stddev --quantiles 0.5,0.99 --format table" \
		"data/seattle_weather.parquet --where 'temp_max > 30' --columns temp_max --format json"; do \
		echo; echo "\$$ rstats describe $$arguments"; eval "target/demo/rstats describe $$arguments"; \
	done
	@target/demo/rstats report data/seattle_weather.parquet --by weather --output target/report.html

test: lint test-rust test-browser test-python ## Set up, and pass every check and every test

check: lint ## While you work: lint, and the tests that take seconds
	RSTATS_SERIES=20 cargo $(if $(NEXTEST),nextest run,test) --lib
	$(BIN)/pytest -q -n $(WORKERS) --dist worksteal -m "not slow"

lint: $(VENV)/installed ## Formats, layers, clippy, rustdoc, ruff
	cargo fmt --all --check
	$(BIN)/python tools/layers.py
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cargo clippy --lib --no-default-features --quiet -- -D warnings
	cargo clippy --bins --no-default-features --features cli --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --package rstats-arrow --quiet
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

test-rust: ## The tests of the library and the command, and the examples
ifeq ($(NEXTEST),yes)
	cargo nextest run
	cargo test --doc
else
	cargo test
endif

test-browser: ## Look at a report of target/debug/rstats in Chromium, which npm installs; left out where it cannot
	@test -x target/debug/rstats || cargo build --quiet
	@if cd tests/browser && npm install --no-package-lock --no-audit --no-fund --silent; then node --test; \
	else echo "The browser's tests are left out: npm cannot install tests/browser/package.json."; fi

test-python: $(VENV)/installed ## Build the extension, check its stubs, run the Python tests
	$(QUICK_LINK) $(BIN)/pip install --quiet --no-deps --force-reinstall .
	cd $(VENV) && bin/mypy --config-file ../pyproject.toml ../python/tests/typing_example.py
	cd $(VENV) && bin/python -m mypy.stubtest rstats --mypy-config-file ../pyproject.toml
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

test-engines: ## The tests with Spark (Java 17) and Dask, in an environment of their own of 1 GB in target/engines
	$(PYTHON) -m venv target/engines
	target/engines/bin/pip install --quiet --upgrade "pip>=25.1"
	target/engines/bin/pip install --quiet --group engines
	$(QUICK_LINK) target/engines/bin/pip install --quiet --no-deps --force-reinstall .
	cd tests/engines && ../../target/engines/bin/pytest -q --rootdir=. --durations=5

test-datafusion: ## The aggregates of DataFusion, in datafusion/: lint, tests, the example; minutes the first time
	cd datafusion && cargo fmt --check
	cd datafusion && CARGO_TARGET_DIR=../target/datafusion cargo clippy --quiet --all-targets -- -D warnings
	cd datafusion && CARGO_TARGET_DIR=../target/datafusion cargo test
	cd datafusion && CARGO_TARGET_DIR=../target/datafusion cargo run --quiet --example exact_sql

bench: $(VENV)/installed ## Install the peers, and measure against them: benches/README.md
	$(BIN)/pip install --quiet --group bench
	$(BIN)/pip install --quiet --no-deps --force-reinstall .
	$(BIN)/python benches/peers.py
	$(BIN)/python benches/peers.py --threads 1
	$(BIN)/python benches/streams.py
	$(BIN)/python benches/scaling.py
	cargo build --release --quiet --bin rstats
	$(BIN)/python benches/memory.py
	$(BIN)/python benches/http/load.py
	cargo bench --bench kernels

docs: $(VENV)/installed ## Draw the pictures, and build the pages of docs/ as a site in target/site
	$(BIN)/pip install --quiet --group docs
	$(BIN)/python -c "import rstats" || $(QUICK_LINK) $(BIN)/pip install --quiet --no-deps .
	$(BIN)/python docs/pictures.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "target/site/index.html"

deny: ## Licences and advisories of the dependencies; needs cargo-deny
	cargo deny check

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/pip install --quiet --group test
	touch $@

fmt: $(VENV)/installed ## Format everything
	cargo fmt --all
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove what was built and installed
	cargo clean
	rm -rf $(VENV)
