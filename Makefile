# make up: the whole system on local chains. make test: every test. Both set up what they need first.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Not the first on PATH: docs/decisions/0081-the-distributions-python.md.
ifndef PYTHON
export PYTHON := $(shell tools/python)
endif
BIN := .venv/bin
FORGE := cd contracts && PATH="$$PWD/node_modules/.bin:$$PATH" forge
SOL := $(shell find contracts/src contracts/script -name '*.sol' 2>/dev/null)
READY := .venv/.engine contracts/out/.built contracts/circuits/node_modules/.installed src/stab3l/api/console/index.html
# cargo would look for this make's job server and warn that it is not for it.
ALONE := env -u MAKEFLAGS -u MFLAGS
WEB := $(shell find web/src web/public web/build -type f 2>/dev/null) web/index.html web/package.json web/tsconfig.json web/vite.config.ts
RUST := $(shell find engine/src -name '*.rs' 2>/dev/null) engine/Cargo.toml engine/Cargo.lock pyproject.toml

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: .venv/.prerequisites  ## Everything that up and test need, in .venv and contracts/
	@$(MAKE) --no-print-directory --jobs 2 $(READY)

up: setup  ## Start the whole system with a live economy; Ctrl-C stops it (DRY_RUN=1: keepers of peg and flow only say what they would do)
	@exec $(BIN)/stab3l up $(if $(DRY_RUN),--dry-run)

demo: setup  ## Run the main job once on fresh local chains
	@exec $(BIN)/stab3l demo

test: setup  ## Every test
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target check contracts-test engine-test console-test .venv/.browser
	@$(MAKE) --no-print-directory python-test

check: $(READY)  ## Formatting, lints, types
	$(BIN)/ruff check . && $(BIN)/ruff format --check src tests
	$(BIN)/mypy
	cd engine && cargo fmt --check && $(ALONE) cargo clippy --quiet --locked --all-targets --features pyo3/extension-module -- -D warnings
	$(FORGE) fmt --check

contracts-test: $(READY)
	$(FORGE) test

engine-test: $(READY)
	cd engine && $(ALONE) cargo test --quiet --locked

console-test: src/stab3l/api/console/index.html  ## The web console: types, lints, its pure parts
	cd web && npm run --silent types && npm run --silent lint && npm test --silent

python-test: $(READY) nats-server .venv/.browser
	$(BIN)/pytest --numprocesses 2 --dist loadfile

properties: setup  ## The tests that draw random examples, with fresh ones each time (make test draws the same every time)
	$(BIN)/pytest --numprocesses 2 --dist loadfile --properties --hypothesis-profile explore

soak-kill: setup  ## kill -9 of the exchange under load, 200 times (about ten minutes)
	$(BIN)/python -m bench.kill_soak

fuzz: setup  ## Fuzz the engine's decoders and command sequences, coverage-guided (two minutes each)
	$(BIN)/python -m bench.fuzz

differential: setup  ## Engine against reference, 100 million commands over all cores; resumable (COMMANDS=, SEED=)
	$(BIN)/python -m bench.differential --commands $(or $(COMMANDS),100000000) --seed $(or $(SEED),1)

nats-server: | .venv/.prerequisites  ## The server of the hot standby, in .venv/bin; its tests are skipped where it cannot be had
	@tools/nats-server .venv/bin || true

.PHONY: fuzz-api
fuzz-api: setup  ## Requests generated from the API's own description, 200 for each operation (minutes; EXAMPLES=)
	$(BIN)/python -m bench.api_fuzz --examples $(or $(EXAMPLES),200)

.PHONY: chromium browser-test
chromium: | .venv/.prerequisites  ## The browser that opens the console in tests, from apt as root if there is none
	@tools/chromium

.venv/.browser: | .venv/.prerequisites
	@tools/chromium || true
	@touch $@

browser-test: setup chromium  ## The console in a real browser, against a network that runs (CONSOLE_URL=, default that of make up)
	cd web && CONSOLE_URL=$(or $(CONSOLE_URL),http://127.0.0.1:8080) npm run --silent test:browser

.PHONY: flow-soak differential
flow-soak: setup  ## Backpressure payments: days of chain time end to end, long invariant runs
	@nice -n 10 $(BIN)/python -m bench.flow_soak $(or $(STEPS),300)

.PHONY: issuance-soak
issuance-soak: setup  ## Honest actors and every known cheat of issuance, proofs and redemption, mixed, for hours; the invariants hold
	@nice -n 10 $(BIN)/python -m bench.issuance_soak

.PHONY: peg-differential
peg-differential: setup  ## Ten thousand random operations of the peg, rules against contracts (minutes)
	@$(BIN)/python -m bench.peg_differential $(or $(OPERATIONS),10000)

bench: setup  ## Run the benchmarks; results under bench/results/
	$(BIN)/python -m bench.run

.PHONY: wheel
wheel: setup  ## The Python package with engine and console, in dist/, tried in an environment of its own
	rm -rf dist && PATH="$(CURDIR)/$(BIN):$$PATH" $(ALONE) $(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir dist .
	@PYTHON="$(PYTHON)" tools/try-wheel dist/*.whl

.PHONY: bench-console
bench-console: setup chromium  ## How soon the console can be used in a browser (half a minute)
	$(BIN)/python -m bench.console

.PHONY: bench-api freqtrade
bench-api: setup  ## The API's figures: orders by REST, WebSocket and gRPC, fan-out, queries, peers (four minutes)
	$(BIN)/python -m bench.api

freqtrade: setup  ## An unmodified freqtrade in live mode buys and sells on a local exchange (minutes; installs it once)
	$(BIN)/python -m bench.freqtrade

bench-engine: setup  ## The engine layer by layer, as bench/results/engine.json (minutes; wants a quiet machine)
	$(BIN)/python -m bench.engine

bench-peers: setup  ## Other engines beside ours; downloads them into bench/peers/.build
	$(BIN)/python -m bench.peers.run

clean:  ## Remove everything that setup and test made (not .stab3l, where networks live)
	rm -rf .venv contracts/node_modules contracts/circuits/node_modules contracts/out contracts/cache contracts/broadcast engine/target src/stab3l/_engine*.so web/node_modules src/stab3l/api/console

lock:  ## Resolve requirements.in into requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements.in -o requirements.lock

.venv/.prerequisites: tools/prerequisites
	@tools/prerequisites
	@mkdir -p .venv && touch $@

.venv/.dependencies: requirements.lock | .venv/.prerequisites
	@echo "setup: Python packages" >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/.engine: .venv/.dependencies $(RUST)
	@echo "setup: exchange engine (Rust)" >&2
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(ALONE) $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

contracts/node_modules/.installed: contracts/package-lock.json | .venv/.prerequisites
	@echo "setup: contract toolchain" >&2
	@cd contracts && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	@touch $@

contracts/circuits/node_modules/.installed: contracts/circuits/package-lock.json | .venv/.prerequisites
	@echo "setup: circuit toolchain" >&2
	@cd contracts/circuits && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	@touch $@

web/node_modules/.installed: web/package-lock.json | .venv/.prerequisites
	@echo "setup: console toolchain" >&2
	@cd web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	@touch $@

src/stab3l/api/console/index.html: web/node_modules/.installed $(WEB)
	@echo "setup: web console" >&2
	@cd web && npm run --silent build -- --logLevel warn >&2

contracts/out/.built: contracts/node_modules/.installed contracts/foundry.toml $(SOL)
	@echo "setup: contracts" >&2
	@$(FORGE) build --quiet --skip test
	@touch $@

.PHONY: help setup up demo test check contracts-test engine-test console-test python-test nats-server properties soak-kill fuzz bench bench-engine bench-peers clean lock
