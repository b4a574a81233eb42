# Millrace's tasks; `make` lists them. What CI runs is .ci/run.
#
#   CONFIG=release     an optimised build
#   SWIFT_FLAGS=...    goes to every `swift build` and `swift test`
#   HOSTS=1|2  HOST=1  how many emulated hosts, and which of them

CONFIG ?= debug
SWIFT_FLAGS ?=
PYTHON ?= python3
HOSTS ?= 1
HOST ?= 1
# How long each parser is fuzzed.
FUZZ_SECONDS ?= 600
# What the simulation of servers' lives begins with, and how much it asks for.
SEED ?= 1
OPERATIONS ?= 10000
# Steps of a guest's life between two hosts of the lab, with commas; all if empty.
LIFECYCLE_STEPS ?=
# A directory that appears as /opt/millrace in every host of the lab; none if empty.
PAYLOAD ?=

SWIFT_SOURCES := Sources Tests Benchmarks Fuzz Package.swift
LAB := $(PYTHON) Lab/lab.py
CLIENT := .venv/installed
CLIENT_PINS := Tests/ClientTests/requirements.txt

.DEFAULT_GOAL := help
.PHONY: help build format lint tidy check test swift-test simulation client client-test packages clean
.PHONY: bench bench-short fuzz
.PHONY: lab-packages lab-images lab-up lab-down lab-status lab-ssh lab-test lab-lifecycle demo

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- Building and checking ---------------------------------------------------------------------

build: packages ## Build the program (debug, or CONFIG=release)
	swift build -c $(CONFIG) --product millrace $(SWIFT_FLAGS)

format: ## Rewrite the Swift files in the house's format
	swift format --in-place --parallel --recursive $(SWIFT_SOURCES)

lint: ## Check the format without changing anything
	swift format lint --strict --parallel --recursive $(SWIFT_SOURCES)

tidy: packages ## Check the house rules alone
	swift test --filter '^TidyTests\.' $(SWIFT_FLAGS)

check: lint test ## Everything a change must pass but the lab: format, house rules, build, tests

# --- Testing -----------------------------------------------------------------------------------

test: swift-test client-test simulation ## All tests but the lab's; installs what the machine lacks

# TidyTests run here too: they are tests like all others.
swift-test: packages
	swift build --build-tests $(SWIFT_FLAGS)
	swift test --skip-build --parallel $(SWIFT_FLAGS)

# Its last line is its summary; one that fails says with which seed it does so again.
simulation: swift-test ## Operations on servers at random while all fails, in simulated time
	swift run $(SWIFT_FLAGS) LifecycleSimulation --seed $(SEED) --operations $(OPERATIONS)

client: $(CLIENT) ## Install the real openstack client in .venv

$(CLIENT): $(CLIENT_PINS) | packages
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --requirement $(CLIENT_PINS)
	touch $@

# The client's tests drive the program that swift-test has built.
client-test: swift-test $(CLIENT)
	@if [ -x Tests/ClientTests/run ]; then Tests/ClientTests/run; \
	else echo 'Tests/ClientTests/run is not there: no test with the real client ran'; fi

# The program's own lines are its table; ratios out of their bounds end it with status 1.
bench: packages ## Measure placement at 10,000 hosts (release build)
	swift run -c release $(SWIFT_FLAGS) PlacementBenchmark

bench-short: packages ## The same for CI: 1,000 hosts in the store
	swift run -c release $(SWIFT_FLAGS) PlacementBenchmark --short

fuzz: ## Fuzz each parser for FUZZ_SECONDS=600 (Fuzz/README.md)
	$(PYTHON) Fuzz/run.py --seconds $(FUZZ_SECONDS)

# $(call install,FILE): the Debian packages of FILE that are missing; quiet if none is.
define install
	@command -v dpkg-query >/dev/null || { \
		echo 'no Debian here: see to the packages of $(1) yourself' >&2; exit 0; }; \
	missing=; for package in $$(sed 's/#.*//' $(1)); do \
		[ "$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null)" = installed ] \
			|| missing="$$missing $$package"; \
	done; \
	[ -n "$$missing" ] || exit 0; \
	root=; if [ "$$(id -u)" != 0 ]; then \
		command -v sudo >/dev/null || { \
			echo "these packages are missing and installing them needs root:$$missing" >&2; \
			exit 1; }; \
		root='sudo env'; \
	fi; \
	echo "installing$$missing (needs root)"; \
	$${root:-env} apt-get update -qq; \
	$${root:-env} DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
		-o DPkg::Lock::Timeout=300 $$missing >/dev/null
endef

packages: ## Install the Debian packages that are missing (root or sudo)
	$(call install,packages.txt)

# --- The lab: real vDPA on emulated hosts (Lab/README.md) --------------------------------------

lab-packages: ## Install the Debian packages that the lab needs (root or sudo)
	$(call install,Lab/packages.txt)

lab-images: lab-packages ## Build the images of hosts and guest that are missing (root)
	$(LAB) images

lab-up: lab-packages ## Boot HOSTS=1|2 emulated hosts with vDPA NICs
	$(LAB) up --hosts $(HOSTS) $(if $(PAYLOAD),--payload $(PAYLOAD))

lab-down: ## End the hosts
	$(LAB) down

lab-status: ## Tell which hosts are up
	$(LAB) status

lab-ssh: ## A shell on HOST=1|2
	$(LAB) ssh --host $(HOST)

# Hosts that are up already belong to someone: both refuse then, and end nothing.
lab-test: build client lab-packages ## Test real vDPA in the lab: boot, kill, move, delete
	$(PYTHON) -m unittest discover --start-directory Lab/tests
	$(PYTHON) Lab/first_light.py --hosts $(HOSTS) --faults --numa --discovery \
		--binary .build/$(CONFIG)/millrace
	$(MAKE) lab-lifecycle

lab-lifecycle: build client lab-packages ## A guest's whole life between two hosts, and faults
	$(PYTHON) Lab/first_light.py --hosts 2 --lifecycle \
		$(if $(LIFECYCLE_STEPS),--steps $(LIFECYCLE_STEPS)) --binary .build/$(CONFIG)/millrace

# --- Trying it ---------------------------------------------------------------------------------

demo: build client lab-packages ## A KVM guest on real vDPA, by the real client; KEEP=1 keeps it
	$(PYTHON) Lab/first_light.py --hosts $(HOSTS) $(if $(KEEP),--keep) \
		--binary .build/$(CONFIG)/millrace

clean: ## Remove what was built; images and state of the lab stay
	swift package clean
	rm -rf .venv
