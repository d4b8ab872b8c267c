# The commands people type. `make help` lists them.
SHELL := /bin/bash
CARGO ?= cargo
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
IMAGE_PORT ?= 8080
LDTARGET ?= x86_64-unknown-linux-gnu

.DEFAULT_GOAL := help
.PHONY: help run build build-linux build-docker image test vectors check fmt clippy docs deny deps e2e chaos bench fuzz fuzz-short fuzz-targets clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## build, start the server on the embedded sandbox cluster, install a sample chart, say where to look
	@echo "building helmd (the first build takes some minutes) ..."
	@$(CARGO) build --release --package helmd
	@exec ./target/release/helmd demo

build: ## build the server for this machine: target/release/helmd, and its second name helm-wrapper beside it
	$(CARGO) build --release --package helmd
	@ln -sf helmd target/release/helm-wrapper

build-linux: ## build the Linux binary
	$(CARGO) build --release --package helmd --target $(LDTARGET)

build-docker: ## build the container image (needs a Docker engine; `make image` needs none)
	docker build -t helmd:$(VERSION) .

image: build ## make the container image without an engine: target/helmd-VERSION.tar, an OCI archive; start it by podman, runc or chroot, and ask it
	$(CARGO) run --release --quiet --package xtask -- image target/release/helmd target/helmd-$(VERSION).tar
	./e2e/image target/helmd-$(VERSION).tar $(IMAGE_PORT)

test: ## unit tests, handler tests, recorded vectors; needs nothing but Rust
	$(CARGO) test --workspace --exclude helmd-e2e

vectors: ## run the recorded answers of the real Helm and print what differs
	$(CARGO) run --release --package helmd-testkit --bin vectors -- vectors

check: fmt clippy deps deny docs fuzz-short ## formatting, lints, layers, licences, documentation, a short fuzz run

fmt:
	$(CARGO) fmt --all --check

clippy:
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings

deps: ## crates may use lower layers only
	$(CARGO) run --quiet --package xtask -- deps

DENY := $(shell command -v cargo-deny || echo target/tools/bin/cargo-deny)
target/tools/bin/cargo-deny:
	$(CARGO) install cargo-deny --version 0.20.2 --locked --root target/tools

deny: $(filter target/%,$(DENY)) ## licences, bans and sources of the dependencies
	@$(CARGO) fetch --quiet --locked
	$(DENY) --offline --log-level error check licenses bans sources

docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --quiet

e2e: ## install real charts on a real cluster and on the sandbox, and let the real helm read them
	./e2e/run

chaos: ## kill helmd and the API server at every step of operations on a real cluster; prints the table (docs/interrupted.md)
	HELMD_CHAOS=all ./e2e/run chaos

bench: ## ratios against the real helm, in one run; `cargo bench -p helmd-bench` for the parts by criterion
	./benches/run

fuzz: ## five minutes of random questions to helmd and to the real Helm (HELMD_TOOLS names the folder of its oracle)
	@if [ -x "$$HELMD_TOOLS/oracle" ]; then $(CARGO) run --profile fuzz --package helmd-differential -- --seconds 300; \
	else echo "skipped: HELMD_TOOLS names no folder with the program oracle"; [ "$$CI" != true ]; fi

fuzz-short: ## the kept inputs of the fuzz targets, and half a second of changed ones for each
	$(CARGO) run --quiet --package helmd-fuzz -- --seconds 0.5

CARGO_FUZZ := target/tools/bin/cargo-fuzz
$(CARGO_FUZZ):
	$(CARGO) install cargo-fuzz --version 0.13.2 --locked --root target/tools

SECONDS_EACH ?= 600
TARGETS ?= $(notdir $(basename $(wildcard fuzz/fuzz_targets/*.rs)))
fuzz-targets: $(CARGO_FUZZ) ## libFuzzer on each target for ten minutes (nightly Rust); TARGETS="yaml json" SECONDS_EACH=60
	@for target in $(TARGETS); do echo "=== $$target"; mkdir -p fuzz/target/corpus/$$target; \
	  PATH="$(CURDIR)/target/tools/bin:$$PATH" $(CARGO) +nightly fuzz run --sanitizer none --debug-assertions $$target \
	    fuzz/target/corpus/$$target fuzz/corpus/$$target -- -max_total_time=$(SECONDS_EACH) \
	    -timeout=10 -rss_limit_mb=4096 -max_len=4096 -print_final_stats=1 || exit 1; done

clean: ## remove what was built
	$(CARGO) clean
