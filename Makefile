# make run: see it work.   make test: everything tested.   make help: the rest.
GO ?= go

.DEFAULT_GOAL := help
.PHONY: help site recordings build install dist run test lint floor peers agree many measured lab-speed screenshots deps clean

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build ./prefork, one static binary, and ./prefork-many, for a bench on many machines
	CGO_ENABLED=0 $(GO) build -trimpath -o prefork .
	CGO_ENABLED=0 $(GO) build -trimpath -o prefork-many ./cmd/prefork-many

PREFIX ?= /usr/local
SHARE = $(DESTDIR)$(PREFIX)/share
install: build ## install it, its manual page and its completions (PREFIX, DESTDIR)
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/man/man1 $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	install -m 755 prefork prefork-many $(DESTDIR)$(PREFIX)/bin
	./prefork manual >$(SHARE)/man/man1/prefork.1
	./prefork completion bash >$(SHARE)/bash-completion/completions/prefork
	./prefork completion zsh >$(SHARE)/zsh/site-functions/_prefork
	./prefork completion fish >$(SHARE)/fish/vendor_completions.d/prefork.fish

dist: ## static binaries to hand on, for amd64 and arm64, with their checksums, in ./dist
	rm -rf dist && mkdir dist
	for arch in amd64 arm64; do CGO_ENABLED=0 GOOS=linux GOARCH=$$arch $(GO) build -trimpath -ldflags=-s -o dist/prefork-linux-$$arch . || exit 1; \
	CGO_ENABLED=0 GOOS=linux GOARCH=$$arch $(GO) build -trimpath -ldflags=-s -o dist/prefork-many-linux-$$arch ./cmd/prefork-many || exit 1; done
	cd dist && sha256sum prefork-*linux-* >SHA256SUMS

run: build ## which strategy to take on this machine, in half a minute
	@./prefork choose --quick

test: deps ## install what the tests need, and run them all with the race detector
	$(GO) test -race -timeout 20m ./... # of a package, on two busy processors

lint: ## gofmt, vet, staticcheck, the other systems, and whether generated files are clean
	@test -z "$$(gofmt -l .)" || { echo "not gofmt'ed:"; gofmt -l .; exit 1; }
	$(GO) vet ./... ./$(PEER)/fasthttp
	$(GO) tool staticcheck ./...
	GOOS=darwin $(GO) vet . ./internal/cli ./strategies/accept ./bench/result
	$(GO) mod tidy -diff
	$(GO) generate -skip bpf2go ./... # takes clang; a test compares what comes of it
	git diff --exit-code

floor: build ## hold prefork against the least that a pre-fork server can cost (needs a C compiler)
	@$(GO) run ./bench/floor -prefork ./prefork $(FLOOR)

PEER := bench/testdata/peers
peers: build ## install other people's servers and measure them beside ours, a connection a request and kept open
	@$(PEER)/install.sh
	CGO_ENABLED=0 $(GO) build -trimpath -o $(PEER)/fasthttp/fasthttp ./$(PEER)/fasthttp
	@$(PEER)/peers.sh ./prefork bench --workload http --warmup 1s --phase closed $(PEERS)
	@echo
	@$(GO) run ./bench/kept -prefork ./prefork $(KEPT)

agree: build ## install wrk and put it and prefork load on the same servers (needs python3)
	@bench/testdata/wrk/agree.sh ./prefork $(AGREE)

measured: build ## run the commands of the documentation again and put in what they print
	$(GO) run ./docs/rerun README.md docs/measuring.md docs/steering.md docs/README.md docs/shared.md docs/reuseport.md docs/dispatch.md docs/demo.md docs/many.md

many: ## what agents, their results and what they are told cost
	@{ $(GO) test ./cmd/prefork-many -run TestWhatItCosts -speed -v; $(GO) test ./bench/load -run TestMergeSpeed -speed -v; } | \
	grep -vE '^([=-]|PASS|ok)' | sed 's/^ *[a-z_]*_test.go:[0-9]*: //; s/^        //'

lab-speed: ## what the lab and its page cost at 3 × 2,000 connections a second
	@$(GO) test ./internal/demo/lab -run TestSpeed -speed -v | grep -v '^[=-]'

screenshots: ## take the pictures of the lab and of a report for the README
	@mkdir -p docs/img
	$(GO) test ./internal/demo/lab -run Screenshots -screenshots $(CURDIR)/docs/img

site: ## the course as static pages with recorded scenes, in ./site: open site/index.html
	$(GO) run ./docs/site -out site

recordings: ## record the scenes of the site anew, or ONLY some, and the README's picture (needs a browser and a quiet machine)
	$(GO) test ./internal/demo/lab -run 'TestRecordings$$' -timeout 30m -recordings $(CURDIR)/docs/recordings -only '$(ONLY)' -v | grep -v '^ *[=-]'
	$(GO) run ./docs/site -pictures docs/img

# The worker programs under docs/workers are tested with their interpreters, and so are
# other people's servers as workers; php-fpm has its version in its name.
# clang and llvm-strip make the kernel's program anew, to see that it is the one
# that is committed. HAProxy and nft balance a fleet of namespaces; systemd-analyze reads
# the units. Completions are tried by their shells, the manual page by mandoc.
TOOLS := cc systemd-analyze python3 ruby node gunicorn uvicorn puma clang llvm-strip chromium mandoc zsh fish haproxy socat nft ip sysctl
MISSING = $(strip $(foreach tool,$(TOOLS),$(if $(shell command -v $(tool)),,$(tool))) $(if $(wildcard /usr/sbin/php-fpm*),,php-fpm))
# What a tool is called as a package of Debian, where that is not its own name.
PACKAGE_cc := gcc libc6-dev
PACKAGE_node := nodejs
PACKAGE_llvm-strip := llvm
PACKAGE_systemd-analyze := systemd
PACKAGE_nft := nftables
PACKAGE_ip := iproute2
PACKAGE_sysctl := procps
PACKAGES = $(foreach tool,$(MISSING),$(or $(PACKAGE_$(tool)),$(tool)))
deps: ## install what the tests need: C compilers, interpreters, servers, shells and a browser
	@test -z "$(MISSING)" || { set -x; testdata/apt.sh $(PACKAGES); }

clean: ## remove what was built
	rm -rf dist site
	rm -f prefork prefork-many $(PEER)/fasthttp/fasthttp
