# Relais: make the named thing. `make` alone prints this list.

# The tag tells Fyne that we call it from one thread only: tables are three times faster with it. In every build line, so
# that one cache serves all of them.
TAGS := -tags migrated_fynedo
GOTEST := go test $(TAGS) -timeout 20m

# Every package but the front door. main.go imports Fyne's window driver, which costs 170 CPU-seconds of OpenGL to build;
# `go test .` would pay that, and a second time under -race, for a package that decides nothing. `make run` builds it.
PACKAGES := $(patsubst %,./%/...,$(wildcard app assets data sync test ui))

# Where pictures of the window go.
PICTURES ?= $(CURDIR)/out/window

# More for go test, as in: make test ARGS=-v
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test race window lint bench soak golden simulate package build clean
.DELETE_ON_ERROR:

help: ## print this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

run: build ## install what the build needs, build, open the demo window (without a display: play an outage headless)
	@if [ "$$(uname -s)" != Linux ] || [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
		exec bin/relais --demo; \
	else \
		echo 'No display here (neither DISPLAY nor WAYLAND_DISPLAY is set): playing an outage without a window.'; \
		exec bin/relais drill --seeds 1 -o out/drill; \
	fi

build: ## build bin/relais (needs no display)
	@tools/setup build
	@[ -x bin/relais ] || echo 'Building bin/relais. The first time takes some minutes, nearly all of it OpenGL.'
	go build $(TAGS) -o bin/relais .

test: ## install what the tests need, run all tests
	@tools/setup test
	$(GOTEST) $(ARGS) $(PACKAGES)

race: ## all tests under the race detector
	@tools/setup test race
	CGO_ENABLED=1 $(GOTEST) -race $(ARGS) $(PACKAGES)

window: build ## drive the real window by keyboard, on a display without a screen; pictures in out/window
	@tools/setup window
	RELAIS_PROGRAM=$(CURDIR)/bin/relais RELAIS_PICTURES=$(PICTURES) go test -count=1 -v $(ARGS) ./test/window

lint: ## gofmt, vet, golangci-lint
	@tools/setup lint
	@unformatted=$$(gofmt -l $(wildcard *.go app assets data sync test tools ui)) || exit 1; \
		if [ -n "$$unformatted" ]; then echo "not gofmt-clean:"; echo "$$unformatted"; exit 1; fi
	go vet $(TAGS) ./...
	cd tools && go vet ./icon
	@$(MAKE) --no-print-directory bin/golangci-lint
	@if [ -x bin/golangci-lint ]; then echo 'bin/golangci-lint run'; bin/golangci-lint run; \
		else echo 'NOTE: golangci-lint was not run: it could not be built (see above)'; fi

# Pinned in tools/go.mod. A machine that cannot fetch it lints without it and says so.
bin/golangci-lint: tools/go.mod tools/go.sum
	@echo 'building golangci-lint (once, some two minutes)'
	@cd tools && go build -o ../bin/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint || rm -f ../bin/golangci-lint

bench: ## the benchmarks, with the figure of each line of the performance table
	@tools/setup test
	$(GOTEST) -run '^$$' -bench . -benchmem $(ARGS) $(PACKAGES)
	@$(MAKE) --no-print-directory window ARGS="-run none -bench . -timeout 30m"

soak: ## the long forms of the simulations and fault tests (hours)
	@tools/setup test
	RELAIS_SOAK=1 $(GOTEST) -count=1 -timeout 5h $(ARGS) $(PACKAGES)

golden: ## write the expected outputs anew (look at git diff afterwards)
	@tools/setup test
	RELAIS_GOLDEN=1 $(GOTEST) -count=1 $(ARGS) $(PACKAGES)
	cd tools && go run ./icon ../assets

simulate: build ## let the demonstration's simulated services fail: make simulate PLAN=plan.json (an empty plan ends it)
	@[ -n "$(PLAN)" ] || { echo 'Which faults? make simulate PLAN=plan.json; the form: bin/relais schema faults'; exit 2; }
	bin/relais --demo simulate plan $(PLAN)

package: ## archives for Linux and Windows, in dist/
	@tools/setup build package
	tools/package

clean: ## remove what was built
	rm -rf bin dist out
