# Every habit of the project, by name. CI and people call the same targets.

# For make module, PATH is the module's: what searches for programs is what make
# was started with.
ifeq ($(origin PATH),command line)
MODULE := $(PATH)
override PATH := $(shell /bin/sed -zn 's/^PATH=//p' /proc/$$PPID/environ 2>/dev/null || echo "$$PATH")
export PATH
endif

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X github.com/prometheus/common/version.Version=$(VERSION)
# The race detector needs a C compiler; without one the tests run all the same.
RACE    := $(if $(shell command -v gcc || command -v cc),-race)
FUZZTIME ?= 30s
CACHE   ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/imds-probe
LINT    := $(CACHE)/golangci-lint-$(shell sha256sum tools/lint/go.sum 2>/dev/null | cut -c1-12)

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build the binaries into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

.PHONY: demo
demo: ## the daemon against the simulator, scenario after scenario
	$(GO) run ./cmd/imds-probe demo

.PHONY: test
test: ## unit tests and scripts, with the race detector where there is a C compiler
	$(GO) test $(RACE) ./...

.PHONY: race
race: ## the same, insisting on the race detector
	$(GO) test -race ./...

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (30s, or 10000000x executions)
	FUZZTIME=$(FUZZTIME) CACHE=$(CACHE) tools/fuzz.sh

.PHONY: mutate
mutate: ## change the code in small ways that a test must notice: all targets, or PKG=./probes
	cd tools/mutate && $(GO) run . -C ../.. $(if $(WRITE),-write) $(PKG)

.PHONY: lint
lint: $(LINT) ## run the linters over all modules
	$(GO) mod tidy -diff
	$(LINT) run --allow-parallel-runners ./...
	cd e2e && $(LINT) run --allow-parallel-runners ./...
	cd e2e/doctor && $(LINT) run --allow-parallel-runners ./...
	cd bench && $(LINT) run --allow-parallel-runners ./...
	cd tools/mutate && $(LINT) run --allow-parallel-runners ./...
	cd tools/sbom && $(LINT) run --allow-parallel-runners ./...

$(LINT): tools/lint/go.mod tools/lint/go.sum
	@mkdir -p $(CACHE)
	cd tools/lint && $(GO) build -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: fmt
fmt: $(LINT) ## format the code
	$(LINT) fmt ./...
	cd e2e && $(LINT) fmt ./...
	cd e2e/doctor && $(LINT) fmt ./...

# The packages whose tests write files with -update.
WRITERS := ./agent ./agent/metrics ./agent/page ./agent/terminal ./cmd/iam-doctor ./cmd/imds-probe ./deploy ./docs

.PHONY: golden
golden: ## write golden files and generated documents anew
	$(GO) test $(WRITERS) -update >/dev/null
	$(GO) test ./docs -update >/dev/null # its figures are of what the others wrote
	$(GO) test $(WRITERS)

.PHONY: docs
docs: golden ## the same: docs/runbook.md and docs/metrics.md are golden files

.PHONY: e2e-deps
e2e-deps: ## install the Debian packages that the end-to-end suites need (root)
	@# A package whose command is there already, whoever installed it, is passed over.
	@need=$$(cat e2e/*/packages.txt | sort -u | while read -r p; do command -v $$p >/dev/null || echo $$p; done); \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get update -qq && apt-get install -qq -y --no-install-recommends $$need >/dev/null

.PHONY: e2e
e2e: ## the built binaries against real parts (root; see e2e-deps); E2E_FULL=1 for the long form
	cd tools/mutate && $(GO) test -count=1 ./...
	cd e2e && $(GO) test -count=1 -p 1 -timeout $(if $(E2E_FULL),180m,30m) ./...
	cd e2e/doctor && $(GO) test -count=1 -timeout $(if $(E2E_FULL),90m,20m) ./...

.PHONY: module
module: ## move the project to another module path: make module PATH=example.com/imds-probe
	tools/module.sh '$(MODULE)'

.PHONY: package
package: ## build the deb and rpm packages and SHA256SUMS into dist/
	deploy/package/build.sh

.PHONY: sbom
sbom: build ## write dist/*.cdx.json: what is linked into each binary
	@mkdir -p dist
	cd tools/sbom && for c in ../../bin/*; do $(GO) run . $$c >../../dist/$$(basename $$c).cdx.json || exit 1; done

.PHONY: reproducible
reproducible: ## build the last commit twice, and compare the bytes
	tools/reproducible.sh

.PHONY: vuln
vuln: ## look for known vulnerabilities in what the code calls
	tools/vuln.sh

.PHONY: bench
bench: ## measure the daemon beside what people run, into docs/performance.md (root, Debian)
	cd bench && $(GO) run . -document=../docs/performance.md

.PHONY: soak
soak: ## 200,000 rounds through all scenarios, 20,000 of the daemon (root)
	cd e2e && E2E_FULL=1 $(GO) test -count=1 -timeout 90m -run Soak -v ./endurance

.PHONY: image
image: ## build the container image
	docker build -t imds-probe:$(VERSION) .

.PHONY: ci
ci: lint test e2e ## what CI runs, within half an hour; stale golden files and documents fail it

.PHONY: ci-full
ci-full: ## before a release: ci in its long form, mutation, fuzzing; into docs/full-run.md (root)
	FUZZTIME=$(FUZZTIME) tools/ci-full.sh

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist
