# Every target that runs something first brings .venv up to date; PYTHON=/path/to/python picks its interpreter.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

BIN := .venv/bin
SOURCES := bayes_frontier studies scripts tests
# Extra arguments for one run, for example: make test ARGS="tests/model -k curve"
ARGS ?=

# Chains run in parallel already; a BLAS that also starts threads makes each of them wait.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1
# No figure needs a display.
export MPLBACKEND ?= Agg
# Many processes run here: each would spend seconds on compiling the package and the tests anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-20s %s\n", $$1, $$2}' Makefile

.PHONY: env
env: ## build .venv from the pinned requirements, or leave it when it is up to date
	@sh scripts/env.sh

.PHONY: demo
demo: env ## simulate a leaderboard with known truth, fit it, check it and write reports/demo/
	$(BIN)/bayes-frontier demo --out reports/demo $(ARGS)

# Processes that run tests: each begins with a contiguous part, so that what a module's tests share is made once, and
# takes from the others when it is done.
JOBS ?= auto
PARALLEL := -n $(JOBS) --dist worksteal

.PHONY: quick
quick: env ## run the tests that need no sampling, browser, notebook or real table, nor long: a minute and a half
	$(BIN)/python -m pytest $(PARALLEL) -m "not (slow or mcmc or heavy or browser or notebook or real_data)" $(ARGS)

.PHONY: test
test: env ## run the tests, except the slow ones
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

.PHONY: installed
installed: env ## install the package by pip into an environment of its own, away from the checkout, and run its demo
	$(BIN)/python -m pytest -m slow tests/test_install.py $(ARGS)

.PHONY: test-slow
test-slow: env ## run the slow tests only
	$(BIN)/python -m pytest -m slow $(ARGS)

.PHONY: fuzz
fuzz: env ## feed every reader 10,000 damaged inputs (half an hour); goes on where it stopped; writes reports/reading/
	$(BIN)/python -m studies.bench.fuzz_readers $(ARGS)

.PHONY: faults
faults: env ## kills, damage, full disks, hostile names, degenerate tables: half an hour of one core; writes reports/faults/
	nice $(BIN)/python -m studies.faults $(ARGS)

.PHONY: check
check: env ## lint, format, types and docstrings, without changing a file; all are run before it fails
	@failed=; types=$$(mktemp); $(BIN)/mypy >"$$types" 2>&1 & typed=$$!; \
	run() { echo "$$*"; "$$@" || failed="$$failed [$$*]"; }; \
	run $(BIN)/ruff check $(SOURCES); \
	run $(BIN)/ruff format --check $(SOURCES); \
	run $(BIN)/python scripts/check_docstrings.py; \
	echo $(BIN)/mypy; wait $$typed || failed="$$failed [$(BIN)/mypy]"; cat "$$types"; rm -f "$$types"; \
	[ -z "$$failed" ] || { echo "make check failed in$$failed" >&2; exit 1; }

.PHONY: format
format: env ## format the code and apply the lint fixes that are safe
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

.PHONY: bench
bench: env ## time the likelihood and the sampler against PyMC's own; writes reports/bench/
	$(BIN)/python -m studies.bench.bench_likelihood $(ARGS)

.PHONY: bench-reading
bench-reading: env ## time the reading of a Parquet table of a million rows; writes reports/reading/
	$(BIN)/python -m studies.bench.bench_reading $(ARGS)

.PHONY: bench-report
bench-report: env ## time the report on real fits of 20,000 scores, 40 tasks in 12 periods; writes reports/report/
	$(BIN)/python -m studies.bench.bench_report $(ARGS)

.PHONY: bench-page
bench-page: env ## time pages in Chromium, ARGS="new=report/index.html before=OTHER.html"; writes reports/report/page.md
	$(BIN)/python -m studies.bench.bench_page $(ARGS)

# Folder of the public evaluation tables; they are no part of the project.
DATA ?= $(or $(BAYES_FRONTIER_DATA),../shared/data)

.PHONY: backtest
backtest: env ## predict each period of the Open LLM Leaderboard v2 from those before it; writes reports/backtest/
	$(BIN)/bayes-frontier backtest $(DATA)/oll_v2_with_compute.csv --periods 2024-06-30,2024-09-30,2024-12-31 \
		--out reports/backtest $(ARGS)

.PHONY: moves
moves: env ## how much base models move on their own, on two leaderboards; writes reports/moves/
	$(BIN)/python -m studies.own_moves $(DATA)/oll_v2_with_compute.csv=2024-06-30,2024-09-30,2024-12-31 \
		$(DATA)/open_llm_leaderboard_v1.csv=2023-09-30,2023-12-31,2024-03-31 --out reports/moves $(ARGS)

.PHONY: compute-uncertainty
compute-uncertainty: env ## fit with FLOPs as stated and with their uncertainty; writes reports/compute-uncertainty/
	@mkdir -p build
	$(BIN)/bayes-frontier fit $(DATA)/oll_v2_with_compute.csv --periods 2024-06-30,2024-09-30,2024-12-31 \
		--out build/stated.nc
	$(BIN)/bayes-frontier fit $(DATA)/oll_v2_with_compute.csv --periods 2024-06-30,2024-09-30,2024-12-31 \
		--compute-uncertainty 10 --out build/pooled.nc
	$(BIN)/python -m studies.compute_uncertainty build/stated.nc build/pooled.nc $(ARGS)

.PHONY: proteus
proteus: env ## predict Proteus-2k by a fit of the Open LLM Leaderboard v2; writes reports/proteus/
	@mkdir -p build
	$(BIN)/bayes-frontier fit $(DATA)/open_llm_leaderboard_v2.csv --periods 2024-06-30,2024-09-30,2024-12-31 \
		--out build/leaderboard.nc
	$(BIN)/bayes-frontier score build/leaderboard.nc $(DATA)/proteus_2k_part.csv --out reports/proteus $(ARGS)

.PHONY: study
study: env ## the calibration study, hours long; goes on where it stopped; writes reports/calibration/
	$(BIN)/python -m studies calibration --out reports/calibration $(ARGS)

.PHONY: study-design
study-design: env ## designs raced on the replayed leaderboard, a quarter of an hour; resumes; writes reports/design/
	$(BIN)/python -m studies design $(DATA)/oll_v2_with_compute.csv --relabel \
		--periods 2024-06-30,2024-09-30,2024-12-31 --out reports/design $(ARGS)

.PHONY: design-agreement
design-agreement: env ## the fast posterior of study-design against NUTS; writes reports/design/agreement/
	$(BIN)/python -m studies.design.design_agreement $(DATA)/oll_v2_with_compute.csv --relabel \
		--periods 2024-06-30,2024-09-30,2024-12-31 --out reports/design/agreement $(ARGS)

.PHONY: halves
halves: env ## half of the base models against the other, 20 times, on the real leaderboard; writes reports/halves/
	$(BIN)/python -m studies halves $(DATA)/oll_v2_with_compute.csv --periods 2024-06-30,2024-09-30,2024-12-31 \
		--out reports/halves $(ARGS)

.PHONY: split-halves
split-halves: env ## both halves of the real leaderboard fitted, 20 times by base model and by uploader; an hour; resumes
	$(BIN)/python -m studies.split_halves $(DATA)/oll_v2_with_compute.csv --periods 2024-06-30,2024-09-30,2024-12-31 \
		--out reports/split-halves $(ARGS)

.PHONY: drift-study
drift-study: env ## measure how often verdicts on drift are wrong, in simulation; resumes; writes reports/drift/
	$(BIN)/python -m studies.drift_study $(ARGS)

.PHONY: gate-study
gate-study: env ## error rates of gate and watch on the periods of the Open LLM Leaderboard v2; writes reports/gate/
	$(BIN)/python -m studies.gate_study $(DATA)/oll_v2_with_compute.csv --periods 2024-06-30,2024-09-30,2024-12-31 \
		--out reports/gate $(ARGS)

.PHONY: questions
questions: env ## the paper's claims against posteriors on the real leaderboard; writes reports/seed-questions/
	$(BIN)/python -m studies.claims.questions $(DATA)/oll_v2_with_compute.csv $(ARGS)

.PHONY: study-questions
study-questions: env ## do the analyses find a known truth; resumes; writes reports/seed-questions/recovery/
	$(BIN)/python -m studies questions --out reports/seed-questions/recovery $(ARGS)

.PHONY: questions-releases
questions-releases: env ## claims about stages, contamination and factors, for `make questions`; writes reports/seed-questions/
	mkdir -p build
	$(BIN)/python -m studies.claims.questions_releases $(DATA)/oll_v2_with_compute.csv --stages build/stages.nc $(ARGS)

.PHONY: divergences
divergences: env ## divergent transitions of 32 fits by default settings; resumes; writes reports/divergences/
	$(BIN)/python -m studies.divergence_study $(wildcard $(DATA)/oll_v2_with_compute.csv) \
		--periods 2024-06-30,2024-09-30,2024-12-31 --out reports/divergences $(ARGS)

.PHONY: sbc
sbc: env ## simulation-based calibration of the sampler; writes reports/sbc/
	$(BIN)/python -m studies sbc --out reports/sbc $(ARGS)

.PHONY: docs
docs: env ## build the site into build/site, warnings as errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build $(ARGS)

# Pictures show in a notebook by a backend of its own. Drawing the model needs Graphviz (apt-get install graphviz).
NOTEBOOKS ?= docs/notebooks/*.ipynb

.PHONY: notebooks
notebooks: env ## run the notebooks and keep their output in them; needs the program dot, of Graphviz
	env -u MPLBACKEND PYTHONWARNINGS=ignore $(BIN)/jupyter nbconvert --to notebook --execute --inplace \
		--ExecutePreprocessor.record_timing=False --log-level WARN $(ARGS) $(NOTEBOOKS)

.PHONY: tutorial
tutorial: env ## run the tutorial's commands on oll.parquet in build/tutorial and put their output into the page
	$(BIN)/python scripts/tutorial.py --folder build/tutorial --write $(ARGS)

.PHONY: lock
lock: ## pin the requirements of pyproject.toml anew (needs uv); ARGS=--upgrade moves the versions
	@sh scripts/lock.sh $(ARGS)

.PHONY: clean
clean: ## remove .venv, caches and what the demo wrote
	rm -rf .venv .venv.lock .cache .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist reports/demo
	find bayes_frontier scripts studies tests -name __pycache__ -type d -prune -exec rm -rf {} +
