# Targets are documented by the comment after their name: `make help`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.NOTPARALLEL: # steps build on each other; the go command uses all CPUs by itself

# The same flags everywhere: they are part of the build cache's keys.
export GOFLAGS := -trimpath -buildvcs=false
export CGO_ENABLED := 0
export GOTOOLCHAIN := local

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/faspex-operator
CLUSTER := bin/cluster
IMAGES := bin/image-builder
TOOLS := bin/tools
LOCAL_KUBECONFIG := $(CACHE)/cluster/kubeconfig/admin

# Packages that `go test` covers without a cluster: the one that takes longest first. Most of them wait more than they
# compute, so more run at once than there are CPUs.
UNIT = -p 3 ./test/browser $$(go list ./... | grep -v -e /test/e2e -e /test/browser)

##@ Develop

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## Install the Debian packages that are missing
	@hack/debian-packages.sh

.PHONY: programs
programs:
	@go build -o bin/cluster ./hack/cluster
	@go build -o bin/image-builder ./hack/images
	@go build -o bin/tools ./hack/tools

.PHONY: tools
tools: programs ## Build the pinned tools, once per machine
	@$(TOOLS) build

.PHONY: generate
generate: programs ## Write deep copies, CRDs, the operator's role and the chart's copies of them
	@CONTROLLER_GEN=$$($(TOOLS) path controller-gen) hack/generate.sh

.PHONY: web
web: deps ## Build the web page
	@PATH=$$(hack/node.sh):$$PATH hack/web-build.sh

.PHONY: build
build: web ## Build the programs and the page
	@go build -ldflags "-s -w -X faspex.io/operator/internal/version.Version=$$(go run ./hack/images version)" -o bin/ ./cmd/...

.PHONY: images
images: deps programs ## Assemble all container images, as tarballs in bin/images
	@PATH=$$(hack/node.sh):$$PATH $(IMAGES) all >/dev/null

##@ Cluster and demo

.PHONY: cluster-up
cluster-up: deps programs ## Bring up the local two-node Kubernetes
	@$(CLUSTER) up

.PHONY: cluster-down
cluster-down: programs ## Remove every trace of the local cluster
	@$(CLUSTER) down

.PHONY: load-images
load-images: cluster-up ## Assemble the images and load them into the local cluster
	@PATH=$$(hack/node.sh):$$PATH $(IMAGES) all > bin/images.list
	@$(CLUSTER) load-image $$(cat bin/images.list)

.PHONY: kubectl
kubectl: programs ## Run kubectl on the local cluster: make kubectl ARGS="get pods -A"
	@$(CLUSTER) kubectl $(ARGS)

# What the demo and the end-to-end tests run with.
WITH = HELM=$$($(TOOLS) path helm) KUBECTL=$$($(CLUSTER) program kubectl) ASCP=$(CURDIR)/bin/ascp

.PHONY: demo
ifdef KUBECONFIG
demo: deps programs build ## Install everything and send a package; uses KUBECONFIG's cluster when that is set
else
demo: load-images
endif
	@KUBECONFIG=$(or $(KUBECONFIG),$(LOCAL_KUBECONFIG)) $(WITH) go run ./hack/demo

.PHONY: demo-down
demo-down: cluster-down ## Remove every trace of the demo on the local cluster

##@ Check

.PHONY: fmt-check
fmt-check: ## Fail when a Go file is not formatted
	@files=$$(git ls-files -co --exclude-standard '*.go' | xargs -r ls -d 2>/dev/null | xargs -r gofmt -l); \
	  [ -z "$$files" ] || { printf 'not formatted (gofmt -w):\n%s\n' "$$files"; exit 1; }

.PHONY: vet
vet: ## Run go vet
	@go vet ./...

.PHONY: lint
lint: programs ## Run golangci-lint with the import rules and the API linter
	@$$($(TOOLS) path golangci-lint) run ./...

.PHONY: generate-check
generate-check: programs ## Fail when a generated file is not current
	@CONTROLLER_GEN=$$($(TOOLS) path controller-gen) hack/generate.sh --check

.PHONY: test-unit
test-unit: deps programs web ## Unit, simulation, integration and API server tests
	@KUBEBUILDER_ASSETS=$$($(CLUSTER) assets) go test -count=1 -timeout 30m $(UNIT)

.PHONY: test-race
test-race: ## The data plane's tests with the race detector
	@CGO_ENABLED=1 go test -count=1 -race -timeout 30m ./dataplane/...

.PHONY: soak
soak: ## Transfers that are cut, killed, starved and tampered with, for long and with the race detector, as root
	@CGO_ENABLED=1 go test -count=1 -race -timeout 60m -v ./test/robust -soak

.PHONY: test-e2e
test-e2e: load-images ## End-to-end tests on the local cluster
	@KUBECONFIG=$(LOCAL_KUBECONFIG) $(WITH) go test -count=1 -timeout 30m -v ./test/e2e/...

STEPS := deps fmt-check vet generate-check lint test-unit cluster-down test-e2e

.PHONY: test
test: ## What CI runs, each step timed
	@summary=$$(mktemp); trap 'cat $$summary; rm -f $$summary' EXIT; begin=$$SECONDS; \
	for step in $(STEPS); do \
	  echo "=== $$step"; start=$$SECONDS; \
	  if $(MAKE) $$step; then \
	    printf '%-16s ok   %4ds\n' $$step $$((SECONDS - start)) >> $$summary; \
	  else \
	    printf '%-16s FAIL %4ds\n' $$step $$((SECONDS - start)) >> $$summary; exit 1; \
	  fi; \
	done; printf '%-16s ok   %4ds\n' all $$((SECONDS - begin)) >> $$summary

SCREENSHOTS := $(CURDIR)/bin/screenshots

.PHONY: screenshots
screenshots: deps web ## Take pictures of every page, light, dark and as on a phone, into bin/screenshots
	@go test -count=1 -timeout 30m -tags screenshots ./test/browser -run TestPage/screenshots -screenshots $(SCREENSHOTS)
	@echo "pictures are in $(SCREENSHOTS)"

##@ Measure

BENCH := bin/bench

# iperf3, scp, rsync, uftp, UDT and GridFTP are measured beside ascp.
.PHONY: bench-programs
bench-programs:
	@hack/debian-packages.sh openssh-server rsync uftp libudt-dev g++ globus-gass-copy-progs globus-gridftp-server-progs
	@mkdir -p $(BENCH)
	@go build -o $(BENCH)/ ./cmd/ascp ./hack/wanem ./hack/bench ./hack/bench/node ./hack/bench/wan ./hack/bench/local
	@cd hack/bench/peers && go build -o $(CURDIR)/$(BENCH)/ ./quic ./plot
	@g++ -O2 -o $(BENCH)/udt hack/bench/peers/udt/main.cpp -ludt -lpthread

.PHONY: bench-wan
bench-wan: bench-programs ## Measure ascp and its peers over emulated links, as root: make bench-wan ARGS="--quick --runs 1"
	@$(BENCH)/wan $(ARGS)

.PHONY: bench-lan
bench-lan: bench-programs ## Measure ascp and its peers on this machine, as root: make bench-lan ARGS="--runs 1"
	@$(BENCH)/local $(ARGS)

.PHONY: bench-many
bench-many: bench-programs ## Measure many sessions of one node at once, as root: make bench-many ARGS="-place link"
	@go build -o $(BENCH)/ ./hack/bench/many
	@$(BENCH)/many -programs $(BENCH) $(ARGS)

.PHONY: bench-gateway
bench-gateway: ## Measure the HTTP gateway beside curl and nginx on this machine: make bench-gateway ARGS="-runs 3"
	@mkdir -p $(BENCH)
	@CGO_ENABLED=0 go build -o $(BENCH)/ ./cmd/faspex ./hack/bench/node
	@go run ./hack/bench/gateway -programs $(BENCH) $(ARGS)

.PHONY: bench-page
bench-page: deps web ## Measure the page beside curl, over much data and on a slow link: make bench-page ARGS="-run Slow"
	@TMPDIR=/var/tmp go test -tags figures -count=1 -timeout 60m -v ./test/browser -run 'TestUploadBesideCurl|TestMemoryOfThePage|TestSlowLink' $(ARGS)

.PHONY: bench-engine
bench-engine: ## Measure the UDP engine over loopback, one line of JSON a run
	@go run ./hack/bench lan

.PHONY: bench-core
bench-core: ## Measure lists of packages among a million, 16 clients: make bench-core BENCH_PACKAGES=100000
	@GOGC=400 go test ./hack/bench/core -run '^$$' -bench . -benchtime 5s -timeout 60m -v

.PHONY: bench-node
bench-node: ## Measure the Node API with a million ended transfers, 32 clients: make bench-node BENCH_TRANSFERS=100000
	@GOGC=400 go test ./hack/bench/nodeapi -run '^$$' -bench . -benchtime 5s -timeout 60m -v

.PHONY: bench-go
bench-go: ## Run all Go benchmarks of the data plane
	@go test -run '^$$' -bench . -benchmem ./dataplane/...
