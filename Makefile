.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
PYTHON_PACKAGES := .venv/.installed
PROJECT := .venv/.project
CHAIN_TOOLS := node_modules/.installed

# A stamp is worth nothing when the interpreter that its .venv points to is gone.
ifeq ($(wildcard $(BIN)/python),)
.PHONY: $(PYTHON_PACKAGES)
endif

forge = "$$(scripts/toolchain.sh path forge)"
step = @printf '== %s\n'
# Quiet while it passes, everything it said when it does not.
quietly = mkdir -p .build; run() { "$$@" >.build/$@.log 2>&1 </dev/null || { cat .build/$@.log; exit 1; }; }; run

.PHONY: help
help: ## what there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name what; do printf '  make %-14s %s\n' "$$name" "$$what"; done

$(PYTHON_PACKAGES): requirements.lock
	@scripts/toolchain.sh python
	@touch $@

$(PROJECT): $(PYTHON_PACKAGES) pyproject.toml
	@scripts/toolchain.sh project
	@touch $@

$(CHAIN_TOOLS): package-lock.json package.json .npmrc
	@scripts/toolchain.sh node
	@touch $@

.PHONY: setup
setup: $(PYTHON_PACKAGES) $(PROJECT) $(CHAIN_TOOLS) ## everything the other targets need; nothing when it is there

.PHONY: demo
demo: setup ## the whole main job on a sample month, from an empty folder
	@$(BIN)/python scripts/demo.py

.PHONY: year
year: setup ## a district lives a whole year from commands alone, each sum held against a reckoning of its own (minutes)
	@$(BIN)/python -m scripts.year

.PHONY: test
test: setup lint types imports artifact ## what CI runs
	@$(MAKE) forge-test & forge=$$!; $(MAKE) pytest; python=$$?; wait $$forge && exit $$python

.PHONY: lint
lint: setup ## rules and layout of Python and Solidity
	$(step) 'ruff check'
	@$(BIN)/ruff check --quiet .
	$(step) 'ruff format'
	@$(BIN)/ruff format --quiet --check .
	$(step) 'forge fmt'
	@$(forge) fmt --check
	$(step) 'forge lint'
	@$(quietly) env FOUNDRY_OUT=.build/lint/out FOUNDRY_CACHE_PATH=.build/lint/cache $(forge) lint --deny warnings

.PHONY: types
types: setup
	$(step) 'mypy --strict'
	@$(BIN)/mypy --strict ledger_service

.PHONY: imports
imports: setup
	$(step) 'import-linter: imports run one way'
	@$(quietly) $(BIN)/lint-imports --no-logo

.PHONY: artifact
artifact: setup
	$(step) 'the committed contract is what its source gives'
	@$(BIN)/python scripts/compile.py --check

# Lint has a folder of its own: it compiles without code, and forge would then find no test, which it takes for success.
.PHONY: forge-test
forge-test: setup
	$(step) 'forge test'
	@$(quietly) $(forge) test && grep ' tests passed, 0 failed' .build/$@.log | tail -n 1 | grep . || { cat .build/$@.log; exit 1; }

# What waits for real processes begins first, beside what computes, so that no worker is left alone with it at the end.
LONGEST_FIRST := tests/e2e tests/browser tests/integration/posting

.PHONY: pytest
pytest: setup
	$(step) 'pytest'
	@$(BIN)/pytest -q -m 'not slow' -n 3 --dist loadfile --no-loadscope-reorder $(LONGEST_FIRST) tests

.PHONY: browser
browser: setup ## every flow of the pages in a real Chromium, with axe (a part of it runs in test)
	$(step) 'pages in Chromium'
	@BORAM_BROWSER=required $(BIN)/pytest -q -n 2 --dist loadfile tests/browser -k 'not postgres'

.PHONY: contract
contract: setup ## compile the contract into the artifact that is committed
	@$(BIN)/python scripts/compile.py

.PHONY: vectors
vectors: setup ## write the golden vectors that Python and Solidity share
	@$(BIN)/python scripts/vectors.py

.PHONY: bench
bench: setup ## the numbers, as ratios within one run
	@$(BIN)/python scripts/bench.py

.PHONY: restore-bench
restore-bench: setup ## how long a lost chain takes to be made again from the books
	@$(BIN)/python scripts/restore_bench.py
	@$(BIN)/python scripts/restore_bench.py --batches 2000 --entries 500

.PHONY: bench-charges
bench-charges: setup ## charges over HTTP with one and two API processes, and during imports (wants wrk)
	@$(BIN)/python scripts/bench_charges.py

.PHONY: bench-term
bench-term: setup ## the opening of a term: 5,750 sign-ups at once for fewer seats, none of them twice
	@$(BIN)/python scripts/bench_term.py

.PHONY: bench-desk
bench-desk: setup ## how long the counter's screen takes to say that the coins were taken (wants Chromium)
	@$(BIN)/python scripts/bench_desk.py

.PHONY: bench-growth
bench-growth: setup ## what a credit costs in books of ten million entries, against books of some thousand
	@$(BIN)/python scripts/bench_growth.py

.PHONY: mutants
mutants: setup ## break each guard of the contract once; a test has to notice (long; goes on where it was)
	@$(BIN)/python scripts/mutants_contract.py

.PHONY: faults
faults: setup ## break everything once under load, in a minute and a half; SEED=7 plays a schedule again
	@$(BIN)/python -m scripts.faults $(if $(SEED),--seed $(SEED))

.PHONY: faults-long
faults-long: setup ## the same 14 times and denser, for an hour: 2,000 kills; runs add up (python -m scripts.faults --total)
	@$(BIN)/python -m scripts.faults --profile long $(if $(SEED),--seed $(SEED))

.PHONY: faults-mutants
faults-mutants: setup ## break each guard of the service once; the harness has to notice (long; goes on where it was)
	@$(BIN)/python scripts/mutants_service.py

.PHONY: check-all
check-all: setup lint types imports artifact ## what test runs, and the long suites
	$(step) 'forge test, deep'
	@FOUNDRY_PROFILE=deep $(forge) test
	$(step) 'pytest, slow ones too'
	@$(BIN)/pytest -q

.PHONY: format
format: setup ## lay the code out as lint wants it
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .
	@$(forge) fmt

.PHONY: lock
lock: ## resolve requirements.lock and package-lock.json anew (wants uv)
	@command -v uv >/dev/null || { printf 'missing: uv\n  install it: pipx install uv\n' >&2; exit 2; }
	@uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes --no-header --upgrade \
	    --output-file requirements.lock pyproject.toml
	@npm install --package-lock-only --no-audit --no-fund

.PHONY: clean
clean: ## remove what was installed and built; var/ stays
	@rm -rf .venv node_modules .build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
