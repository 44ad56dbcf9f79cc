# What people type. Each target says what it does; the work is in scripts/, which runs by hand as well.

SHELL    := /bin/bash
GO       ?= go
SEEDS    ?= 1000
FUZZTIME ?= 30s
ASTERISK ?= /var/cache/ringback/asterisk
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

export GOFLAGS := $(GOFLAGS) -buildvcs=false

.DEFAULT_GOAL := help
.PHONY: help build deps demo test check fault sim mutants bench peers fuzz

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile

build: ## bin/ringback, one static program
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-X ringback/internal/server.Version=$(VERSION)' -o bin/ringback ./cmd/ringback

deps: ## install what the tests need (Debian packages; as root)
	scripts/deps

demo: build ## a shop, the service and a telephone network of its own to click through
	bin/ringback demo

test: ## everything, with the race detector; says what could not run
	scripts/test

check: ## formatting, vet, staticcheck and the import table
	scripts/check

fault: build ## kill -9, full disk, failing disk: minutes
	$(GO) test -tags fault ./test/fault -count=1 -v -timeout 60m

sim: ## SEEDS=1000 simulated days with lost packets and crashes
	SEEDS=$(SEEDS) $(GO) test -run TestSimulatedDays ./test/sim -count=1 -v -timeout 30m

mutants: ## the simulated days must find each bug built in on purpose
	$(GO) run ./test/sim/mutants

bench: build ## how fast, how much memory
	$(GO) run ./bench

peers: build ## against real telephones, exchanges and browsers only, with a table of what they measured; puts an Asterisk into $(ASTERISK)
	scripts/deps firefox-esr=firefox-esr pulseaudio=pulseaudio
	scripts/asterisk ready $(ASTERISK)
	RINGBACK_TEST_LONG=1 $(GO) test ./test/peer/... -count=1 -v -timeout 15m
	npm ci --prefix test/browser --ignore-scripts --no-audit --no-fund --silent
	RINGBACK_TEST_LONG=1 $(GO) test -tags browser ./test/browser/... -count=1 -v -timeout 30m

fuzz: ## every fuzz target for FUZZTIME=30s
	FUZZTIME=$(FUZZTIME) scripts/fuzz
