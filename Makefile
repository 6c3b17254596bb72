# Everything runs in target/ and .venv/. It needs a Rust toolchain and Python 3.11 or newer, and installs the rest itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Test workers: one a core.
WORKERS ?= auto
# The SIMD tiers below the best one that are tested as well; what a machine does not have, it passes over.
TIERS ?= portable avx2

.PHONY: help demo test test-rust test-python bench lint fmt clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Build the command and describe the real data in data/, as a table and as JSON
	cargo build --release --quiet --bin rstats
	target/release/rstats describe data/city_temps.parquet data/seattle_weather.parquet --format table
	target/release/rstats describe data/city_temps.parquet data/seattle_weather.parquet --format json

test: lint test-rust test-python ## Set up, and pass every check and every test

lint: $(VENV)/installed ## Formats, clippy, rustdoc, ruff
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --lib --no-default-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --package rstats-arrow --quiet
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

test-rust: ## The tests of the library and the command
	cargo test --workspace

# Optimised as it is shipped, but for what the linker does, which takes minutes.
test-python: $(VENV)/installed ## Build the extension, check its stubs, run the Python tests
	CARGO_PROFILE_RELEASE_LTO=off $(BIN)/pip install --quiet --no-deps --force-reinstall .
	cd $(VENV) && bin/mypy --config-file ../pyproject.toml ../python/tests/typing_example.py
	cd $(VENV) && bin/python -m mypy.stubtest rstats --mypy-config-file ../pyproject.toml
	$(BIN)/pytest -n $(WORKERS)
	for tier in $(TIERS); do RSTATS_TIER=$$tier RSTATS_SERIES=3000 $(BIN)/pytest -q -n $(WORKERS) || exit 1; done

bench: $(VENV)/installed ## Install the peers, and measure against them: benches/README.md
	$(BIN)/pip install --quiet --group bench
	$(BIN)/pip install --quiet --no-deps --force-reinstall .
	$(BIN)/python benches/peers.py
	$(BIN)/python benches/peers.py --threads 1
	$(BIN)/python benches/scaling.py
	cargo build --release --quiet --bin rstats
	$(BIN)/python benches/memory.py
	$(BIN)/python benches/http/load.py
	cargo bench --bench kernels

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
