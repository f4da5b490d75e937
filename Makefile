# Every target sets up what it needs: `make test` on a fresh clone is enough.
#
#   make PYTHON=python3.12 test    chooses the Python for a new .venv
#   make clean                     removes the .venv, caches and the demo's output

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DOCS_INSTALLED := $(VENV)/.docs_installed
RAY_TRIED := $(VENV)/.ray_tried
PYTHON ?=
CANDIDATES := python3.11 python3.10 python3.9 python3.12 python3.13 python3
DEMO := demo_output
# Runs test files in parallel, each in one process, in the order of tests/conftest.py, the longest
# first. Tests wait for commands and files, so two cores are busy only with four processes.
WORKERS := 4
PARALLEL := -n $(WORKERS) --dist=loadfile --no-loadscope-reorder
VERSIONS := 3.9 3.10 3.11 3.12 3.13

.PHONY: help install demo demo-training docs web page page-checks android test test-slow matrix \
  environments lint types format dist clean

help:
	@echo "make demo    tracks a real video, then trains, scores and exports small networks on synthetic clips"
	@echo "make demo-training   only the demo's training, with more clips and steps"
	@echo "make test    the test suite, without the tests marked slow (make test-slow runs those)"
	@echo "make matrix  the test suite on Python 3.9 to 3.13, where these are installed"
	@echo "make environments   only the environments of make matrix"
	@echo "make lint    ruff check and ruff format --check"
	@echo "make types   mypy"
	@echo "make android builds the Android demo without Gradle, and tests its core against Python's results"
	@echo "make docs    builds the pages and the API reference into site/"
	@echo "make web     builds the browser demo into build/web, and checks it in Chromium; requires Node.js 20"
	@echo "make format  ruff rewrites the sources in the project's style"
	@echo "make dist    builds wheel and source archive, and tries the wheel in an empty environment"
	@echo "make clean   removes .venv, caches, build products and $(DEMO)/"
	@echo "Each target first creates $(VENV)/ if it is missing, or updates it if its requirements have changed."

# The stamp is written last, so an interrupted installation starts again.
# Candidates are run, not looked up, because a version manager's shim may exist and fail.
$(INSTALLED): setup.cfg setup.py pyproject.toml constraints.txt
	@set -eu; rm -f $@; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  chosen=""; \
	  for candidate in $(or $(PYTHON),$(CANDIDATES)); do \
	    if "$$candidate" -c 'import sys; sys.exit(not (3, 9) <= sys.version_info < (3, 14))' \
	      >/dev/null 2>&1; then chosen=$$candidate; break; fi; \
	  done; \
	  if [ -z "$$chosen" ]; then \
	    echo "error: none of '$(or $(PYTHON),$(CANDIDATES))' is a Python from 3.9 to 3.13." \
	      "Name one: make PYTHON=/path/to/python ..." >&2; exit 1; \
	  fi; \
	  echo "Creating $(VENV) with $$("$$chosen" --version), about two minutes."; \
	  "$$chosen" -m venv --clear $(VENV) || { \
	    echo "error: '$$chosen -m venv' failed. On Debian and Ubuntu: apt install python3-venv" >&2; \
	    exit 1; }; \
	fi; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  -c constraints.txt -e '.[dev]'; \
	touch $@

install: $(INSTALLED)

test: $(INSTALLED)
	$(BIN)/python -m pytest -m "not slow" $(PARALLEL) $(PYTEST_FLAGS)

# Only a slow test needs Ray, which takes 240 MB. Without it, that test is skipped.
$(RAY_TRIED): $(INSTALLED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  -c constraints.txt -e '.[dev,ray]' || echo "Ray cannot be installed here. Its test is skipped."
	@touch $@

# pytest's exit code 5 means that no test carries the marker.
test-slow: $(RAY_TRIED)
	$(BIN)/python -m pytest -m slow $(PARALLEL) $(PYTEST_FLAGS) || [ $$? -eq 5 ]

matrix:
	.ci/matrix $(VERSIONS)

environments:
	.ci/matrix --install $(VERSIONS)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

# Prints SKIP with a reason where the tools cannot be had; see android_demo/README.md.
android: $(INSTALLED)
	PYTHON=$(CURDIR)/$(BIN)/python android_demo/check/run.sh

$(DOCS_INSTALLED): $(INSTALLED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  -c constraints.txt -e '.[dev,docs]' && touch $@

# Warnings, such as about a broken link, stop the build; with --quiet they would not.
docs: $(DOCS_INSTALLED)
	$(BIN)/mkdocs build --strict
	@echo "Open $(CURDIR)/site/index.html"

web: $(INSTALLED)
	.ci/web

# The two parts of `make web`, since other steps need only the page.
page:
	.ci/web build

page-checks: $(INSTALLED)
	.ci/web check

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

dist: $(INSTALLED)
	.ci/dist

clean:
	rm -rf $(VENV) $(DEMO) build dist site ppn_tf/web web_demo/node_modules *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# Each step of the demo leaves a file that appears only when the step is done, and
# training resumes from its last checkpoint, so a stopped demo resumes where it stopped.
# Training small networks keeps little more than one core busy, so two steps run at a time.

RUN := $(BIN)/python -m
SYNTHETIC := $(DEMO)/synthetic
RECORDS := $(DEMO)/records/penn_action/1.0.0
UNSEEN := $(DEMO)/unseen

# Sizes of the short demo; `make demo-training` has those of docs/demo.md.
TRAIN_CLIPS := 160
TEST_CLIPS := 20
PRETRAIN_STEPS := 500
STEPS := 60

demo: $(INSTALLED)
	@start=$$(date +%s); $(MAKE) --no-print-directory $(DEMO)/people.done && \
	echo "A video tracked after $$(( $$(date +%s) - start )) s: $(CURDIR)/$(PEOPLE_VIDEO)" && \
	$(MAKE) --no-print-directory -j2 $(DEMO)/report.html && \
	echo "make demo: $$(( $$(date +%s) - start )) s. Watch $(CURDIR)/$(PEOPLE_VIDEO)" \
	  "and open $(CURDIR)/$(DEMO)/report.html"
	@echo "With your own camera, in a browser: $(if $(wildcard ppn_tf/web/index.html),,make web &&) $(BIN)/ppn-tf demo"

demo-training: $(INSTALLED)
	@start=$$(date +%s); $(MAKE) --no-print-directory -j2 $(DEMO)/training/report.html \
	  DEMO=$(DEMO)/training TRAIN_CLIPS=600 TEST_CLIPS=60 PRETRAIN_STEPS=1800 STEPS=250 && \
	echo "make demo-training: $$(( $$(date +%s) - start )) s." \
	  "Open $(CURDIR)/$(DEMO)/training/report.html"

# Real people first: the sample video of another package (BSD 3-clause), tracked by the bundled
# model. If no package index can be reached, a synthetic clip replaces it.
SAMPLE := sports2d==0.8.34
SAMPLE_VIDEO := $(DEMO)/sample/Sports2D/Demo/demo.mp4
PEOPLE_VIDEO := $(DEMO)/people_pose.mp4

$(SAMPLE_VIDEO):
	@rm -rf $(DEMO)/sample && \
	$(RUN) pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
	  --dest $(DEMO)/sample $(SAMPLE) && \
	$(RUN) zipfile -e $(DEMO)/sample/*.whl $(DEMO)/sample

$(DEMO)/people.done:
	@if $(MAKE) --no-print-directory $(SAMPLE_VIDEO); then source="$(SAMPLE_VIDEO) --max_people=2"; \
	else \
	  echo "No sample video: $(SAMPLE) cannot be downloaded here. Tracking a synthetic clip instead."; \
	  $(RUN) data.synthetic --output=$(DEMO)/drawn --seed=3 --num_train_clips=0 --num_test_clips=1 \
	    --num_frames=60 --difficulty=0 && source=$(DEMO)/drawn/frames/5001; \
	fi && \
	$(RUN) ppn_tf.track $$source --output=$(PEOPLE_VIDEO) \
	  --output_json=$(DEMO)/people_pose.json --contact_sheet=$(DEMO)/people_pose.png && touch $@

$(DEMO)/synthetic.done:
	$(RUN) data.synthetic --output=$(SYNTHETIC) --difficulty=0 --lapses=0.3 \
	  --num_train_clips=$(TRAIN_CLIPS) --num_test_clips=$(TEST_CLIPS) --preview=$(DEMO)/synthetic.png
	@touch $@

$(DEMO)/records.done: $(DEMO)/synthetic.done
	$(RUN) data.penn_action --source=$(SYNTHETIC) --data_dir=$(DEMO)/records
	@touch $@

# Another seed gives people, places and motions that no training clip has.
$(DEMO)/unseen.done:
	$(RUN) data.synthetic --output=$(UNSEEN) --seed=3 --num_train_clips=0 --num_test_clips=1 \
	  --num_frames=60 --difficulty=0 --lapses=0.2
	@touch $@

# Stage 1 trains on single frames; PPN and its frame-wise twin both start from it.
$(DEMO)/pretrain.done: $(DEMO)/records.done
	$(RUN) ppn_tf.pretrain --flagfile=configs/demo_pretrain.cfg --dataset=$(RECORDS) \
	  --workdir=$(DEMO)/pretrain --num_steps=$(PRETRAIN_STEPS)
	@touch $@

# Stage 2 trains on clips and scores whole clips, as a tracker processes them. The
# frame-wise twin has no HeadNet and ignores its weights.
$(DEMO)/ppn/evaluation.json: CONFIG := configs/demo.cfg
$(DEMO)/framewise/evaluation.json: CONFIG := configs/demo_framewise.cfg
# Both print at the same time, so each line begins with the network's name. Ctrl-C reaches
# training, which then saves its step and says so, and not awk.
$(DEMO)/%/evaluation.json: $(DEMO)/pretrain.done
	@rm -rf $(DEMO)/$*/predictions
	{ $(RUN) ppn_tf.train --flagfile=$(CONFIG) --dataset=$(RECORDS) --workdir=$(DEMO)/$* \
	  --head_weights=$(DEMO)/pretrain --body_weights=$(DEMO)/pretrain --num_steps=$(STEPS) && \
	$(RUN) ppn_tf.evaluate --flagfile=$(CONFIG) --dataset=$(RECORDS) --workdir=$(DEMO)/$* \
	  --num_frames=0 --output_predictions=$(DEMO)/$*/predictions --output_json=$@; } 2>&1 | \
	(trap '' INT; awk '{ print "$*: " $$0; fflush() }') && test -e $@

$(DEMO)/ppn.tflite: $(DEMO)/ppn/evaluation.json
	$(RUN) export.tflite --workdir=$(DEMO)/ppn --output=$@

$(DEMO)/unseen_pose.json: $(DEMO)/ppn.tflite $(DEMO)/unseen.done
	$(RUN) ppn_tf.track $(UNSEEN)/frames/5001 --model=$< --margin=1 --output=$(DEMO)/unseen_pose.mp4 \
	  --contact_sheet=$(DEMO)/unseen_pose.png --output_json=$@

$(DEMO)/report.html: $(DEMO)/ppn/evaluation.json $(DEMO)/framewise/evaluation.json \
    $(DEMO)/ppn.tflite $(DEMO)/unseen_pose.json
	$(RUN) ppn_tf.report $(DEMO)/ppn $(DEMO)/framewise \
	  --dataset=$(RECORDS) --tflite=$(DEMO)/ppn.tflite \
	  --track=$(DEMO)/unseen_pose.json,$(DEMO)/unseen_pose.mp4 --output=$@
