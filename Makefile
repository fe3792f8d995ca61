SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VERSION    ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GO_LDFLAGS := -X main.version=$(VERSION)
FUZZTIME   ?= 30s
ARGS       ?=

.DEFAULT_GOAL := help
.PHONY: help run build test race fuzz interop attack badnet soak storm lint bench prompts deps

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build and serve with the defaults; ARGS="--sip HOST:PORT …" is passed on
	bin/focus serve $(ARGS)

build: deps ## bin/focus
	go build -ldflags '$(GO_LDFLAGS)' -o bin/focus ./cmd/focus

test: deps ## every test, with the race detector except for the kernels; PKG=./pkg/sip/... for some
	@scripts/test.sh $(PKG)

race: deps ## the same with the race detector everywhere, three times over in random order
	go test -race -count=3 -shuffle=on $(or $(PKG),./...)

fuzz: deps ## every fuzz target for FUZZTIME (30s)
	@scripts/fuzz.sh $(FUZZTIME) $(PKG)

interop: deps ## the stories with clients that are not ours (baresip, SIPp, ffmpeg, …)
	@scripts/deps.sh interop
	go test -tags interop -count=1 -timeout 20m ./test/interop/...

soak: deps ## fifty telephones for SOAK (3m), then nothing may be left of them
	go test -tags soak -count=1 -timeout 24h -v -run TestSoak ./test/hostile

storm: deps ## a thousand who watch the roster join and leave while two talk (STORM of them)
	go test -tags soak -count=1 -timeout 10m -v -run 'TestStorm$$' ./test/hostile

attack: deps ## floods, silent clients and junk against a server while people call; prints what that did to them
	go test -tags attack -count=1 -timeout 10m -v -run TestAttacks ./test/hostile

badnet: deps ## what loss, jitter and delay do to speech through the server, as tables
	go test -count=1 -v -run 'Speech|Delay' ./test/badnet | grep -v 'level='

lint: deps ## gofmt, vet, staticcheck, govulncheck, go mod tidy, the import map
	@scripts/lint.sh

bench: deps ## the load generator and its table
	go run ./bench $(ARGS)

prompts: ## speak pkg/prompt/script.txt and the voices of the demo again (espeak-ng, sox, opusenc)
	@scripts/deps.sh prompts
	@scripts/prompts.sh
	@scripts/voices.sh

deps:
	@scripts/deps.sh build
