# Two commands do everything on a fresh Debian or Ubuntu machine with Rust, as root: `make demo` and `make test`.
# Each can be run again; a second `make demo` takes about a minute. Build products stay outside the clone.

export CARGO_TARGET_DIR ?= $(HOME)/.cache/fleet/target
ARCH   := $(shell uname -m)
TARGET := $(ARCH)-unknown-linux-musl
# cargo uses all cores, however few things make does at a time.
CARGO  := env -u MAKEFLAGS -u MFLAGS cargo
BUILT  := $(CARGO_TARGET_DIR)/$(TARGET)
MINUTES ?= 10

.PHONY: demo build first first-image demo-lab test check lab unit setup bench chaos release

## The main job, end to end, on ten hosts of the lab. The first time it takes about a quarter of an hour, most of it for building.
demo: setup
	@echo "demo: step 1 of 2: build fleet, and beside it the lab: ten hosts, an object store, the 12 images of 21 instances" >&2
	@$(MAKE) --no-print-directory -j3 first demo-lab
	@echo "demo: step 2 of 2: run 60 jobs on the ten hosts, and collect their results" >&2
	tests/lab/demo $(BUILT)/debug/fleet

build: setup
	$(CARGO) build --locked --target $(TARGET)

## The first verdicts, on this machine alone, as soon as there are fleet and one image.
first: build first-image
	tests/lab/demo --first $(BUILT)/debug/fleet

first-image: setup
	@tests/lab/lab here gravel

demo-lab: first-image
	@tests/lab/lab up --hosts 10 --engines
	@tests/lab/lab instances

## Everything that must hold: lints, documentation, unit and live tests.
test: setup
	@$(MAKE) --no-print-directory --output-sync=target -j2 check lab
	tests/count $(CARGO) test --locked --target $(TARGET) --no-fail-fast

## Ten hosts, an object store, and the images of the instances. Mostly waits, so it goes beside the lints.
lab: setup
	tests/lab/lab up --hosts 10
	tests/lab/lab instances

## Lints, documentation and dependencies only.
check: setup
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --target $(TARGET) --all-targets -- -D warnings
	$(CARGO) clippy --locked --target $(TARGET) --test chaos -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --target $(TARGET) --no-deps --document-private-items
	$(CARGO) test --locked --target $(TARGET) --test tests dependencies:: -- --nocapture
	shellcheck -x tests/setup tests/count tests/lab/lab tests/lab/demo tests/parts/native/image.sh .ci/run

## Tests that need no lab.
unit: setup
	$(CARGO) test --locked --target $(TARGET) --lib

## `fleet` beside its peers, in one run. Takes some minutes; prints ratios.
bench: setup release
	tests/lab/lab up --hosts 10
	$(CARGO) bench --locked --target $(TARGET)

## Random faults on hosts of the lab, as long as you like; tests/chaos says what is judged. `make chaos MINUTES=60 SEED=7`
chaos: setup
	$(CARGO) test --locked --target $(TARGET) --test chaos -- --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(CHAOS)

## The static binary that hosts run.
release: setup
	$(CARGO) build --locked --release --target $(TARGET)
	@echo $(BUILT)/release/fleet

## What building and testing need: packages (as root) and the static target.
setup:
	@tests/setup $(TARGET)
