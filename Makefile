# The doors to this project. `make` alone lists them.
PYTHON ?= python3
# Relative: make splits a path at its spaces.
UV := .tools/bin/uv
export PATH := $(CURDIR)/.tools/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
LOCK := $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header
SUPPORTED := >=3.11,<3.14
# What `sam build` packs, of the functions and of the two layers with packages.
DEPLOYED := functions/requirements.txt numpy_layer/requirements.txt training_src/translation/container.txt

.PHONY: help demo up torch test test-all test-fast check lint build deploy hooks audit scan sbom lock clean
.DELETE_ON_ERROR:

help: ## list what make can do
	@awk -F ': .*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/run ## train on the Titanic passengers, on this machine
	@.venv/bin/codefree run samples/titanic_train.csv samples/titanic_test.csv --minutes 1

up: .venv/run ## keep the bucket up on this machine until Ctrl-C
	@.venv/bin/codefree up

torch: .venv/torch ## add what training a translator of your own needs

# Two processes whatever the machine: each opens an embedded AWS and fits models of its own. All
# tests of a file run in one of them and share what is expensive.
PARALLEL := --numprocesses 2 --dist loadfile --no-loadscope-reorder
test: check .venv-toolkit/ready .venv-operations/ready .venv-mlflow/ready .venv-lambda/ready .venv-container/ready .tools/axe/ready ## run everything that CI runs
	.venv/bin/pytest $(PARALLEL)

test-all: export TEST_EFFORT := all
test-all: test ## run the tests with every fault at every call, in hours

# One whole pipeline: uploads, jobs and results through the embedded AWS.
FAST := tests/unit tests/integration/test_later_files.py
test-fast: lint ## run lint, types, unit tests and one pipeline, in minutes
	.venv/bin/pytest $(PARALLEL) $(FAST)

lint: .venv/dev .venv/torch ## check style, types and the template
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy functions codefree training_src
	.venv/bin/cfn-lint template.yaml

check: lint .venv-sam/ready ## lint, then validate and build as SAM does
	.venv-sam/bin/sam validate --lint
	@$(MAKE) --no-print-directory build

# Lambda cannot keep what it compiles and would do so at every cold start, a quarter of its init. Parts
# of powertools that no function imports stay as they are.
UNUSED := utilities/(auth_alpha|circuit_breaker|data_masking|feature_flags|idempotency|kafka|parameters|parser|streaming|validation)/
build: .venv-sam/ready .venv-lambda/ready ## build what `sam deploy` uploads
	.venv-sam/bin/sam build
	@[ ! -x .venv-lambda/bin/python ] || for folder in .aws-sam/build/*Function* .aws-sam/build/NumpyLayer; do \
	  case "$$folder" in *Layer) at=/opt;; *) at=/var/task;; esac; \
	  .venv-lambda/bin/python -m compileall -q -x '$(UNUSED)' --invalidation-mode unchecked-hash \
	  -s "$$folder" -p "$$at" "$$folder"; done

deploy: .venv-sam/ready ## deploy into the AWS account whose credentials are set
	@.venv-sam/bin/python scripts/check_account.py
	@$(MAKE) --no-print-directory build
	.venv-sam/bin/sam deploy --guided

hooks: .venv/dev .venv/torch .venv-operations/ready ## check what is committed before each commit
	.venv-operations/bin/pre-commit install

# --strict: a package that could not be looked up is no package without vulnerabilities. What AWS's
# image has is for AWS to update.
AUDITED := $(filter-out requirements/container.txt,$(wildcard requirements/*.txt)) $(DEPLOYED)
audit: .venv-operations/ready ## look for known vulnerabilities in the pinned versions
	@failed=0; for lock in $(AUDITED); do echo "$$lock"; \
	  .venv-operations/bin/pip-audit --strict --disable-pip --require-hashes -r $$lock || failed=1; \
	done; exit $$failed

scan: .venv-checkov/ready ## look for insecure settings in the template
	.venv-checkov/bin/checkov --file template.yaml --framework cloudformation --compact --quiet --skip-download

sbom: .venv-operations/ready ## list what is deployed, as CycloneDX, in build/sbom
	@mkdir -p build/sbom
	@for lock in $(DEPLOYED); do \
	  .venv-operations/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
	  -o build/sbom/$$(basename $$(dirname $$lock)).cdx.json $$lock || exit; \
	done

lock: .tools/bin/uv ## bring every pinned version up to date
	$(LOCK) pyproject.toml --group build --upgrade \
	  -o requirements/run.txt
	$(LOCK) pyproject.toml --group build --group dev \
	  -c requirements/run.txt --upgrade -o requirements/dev.txt \
	  $$(sed -n 's/^\([a-z0-9._-]*\)==.*/--no-emit-package \1/p' requirements/run.txt)
	$(LOCK) --group sam --upgrade -o requirements/sam.txt
	$(LOCK) --group operations --upgrade -o requirements/operations.txt
	$(LOCK) --group checkov --upgrade -o requirements/checkov.txt
	$(LOCK) --group mlflow --upgrade -o requirements/mlflow.txt
	$(LOCK) --group toolkit -c requirements/run.txt --upgrade -o requirements/toolkit.txt
	$(LOCK) --group lambda -c requirements/run.txt --upgrade -o requirements/lambda.txt
	$(UV) pip compile -q --python-version 3.12 --python-platform x86_64-manylinux2014 \
	  --generate-hashes --no-header --group functions -c requirements/run.txt --upgrade \
	  -o functions/requirements.txt
	$(UV) pip compile -q --python-version 3.12 --python-platform x86_64-manylinux_2_28 \
	  --generate-hashes --no-header --group serving -c requirements/run.txt --upgrade \
	  -o numpy_layer/requirements.txt
	$(UV) pip compile -q --python-version 3.12 --python-platform x86_64-manylinux_2_28 \
	  --generate-hashes --no-header --group container -c requirements/run.txt --upgrade \
	  --no-emit-package numpy --no-emit-package pyyaml --no-emit-package setuptools \
	  -o training_src/translation/container.txt
	$(UV) pip compile -q --python-version 3.12 --python-platform x86_64-manylinux_2_28 \
	  --generate-hashes --no-header --group image -c requirements/image.constraints --upgrade \
	  -o requirements/container.txt

clean: ## remove everything that make put here
	rm -rf .venv .venv-* .tools .aws-sam build

.tools/bin/uv: requirements/uv.txt
	@echo "Setting up uv in .tools …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@$(PYTHON) -m venv .tools > /dev/null \
	  || { echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@.tools/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/pyvenv.cfg: | .tools/bin/uv
	@$(UV) venv -q --python '$(SUPPORTED)' .venv

.venv/run: requirements/run.txt pyproject.toml | .venv/pyvenv.cfg
	@echo "Installing AutoGluon and the embedded AWS in .venv (about 1 GB on disk) …"
	@VIRTUAL_ENV=.venv $(UV) pip install -q --require-hashes -r requirements/run.txt
	@VIRTUAL_ENV=.venv $(UV) pip install -q --no-deps --no-build-isolation -e .
	@touch $@

# Only to train translators. Not in the lock: PyPI's file for Linux comes with gigabytes for GPUs,
# and who has a smaller build configured for pip gets that one.
TORCH := torch==2.13.0 transformers==5.14.1
.venv/torch: | .venv/run
	@echo "Installing $(TORCH) in .venv …"
	@.tools/bin/pip --python .venv/bin/python install -q --disable-pip-version-check $(TORCH)
	@touch $@

.venv/dev: requirements/dev.txt | .venv/run
	@echo "Installing the development tools in .venv …"
	@VIRTUAL_ENV=.venv $(UV) pip install -q --require-hashes -r requirements/run.txt -r requirements/dev.txt
	@touch $@

# Tools that pin what others pin otherwise: the command lines of SAM and AWS their own botocore, and
# checkov some hundred packages.
.venv-%/ready: requirements/%.txt | .tools/bin/uv
	@echo "Installing the tools of $< in .venv-$* …"
	@$(UV) venv -q --clear --python '$(SUPPORTED)' .venv-$*
	@VIRTUAL_ENV=.venv-$* $(UV) pip install -q --require-hashes -r $<
	@touch $@

# SageMaker's toolkit has to be compiled; without a C compiler the one test that needs it says so.
.venv-toolkit/ready: requirements/toolkit.txt | .venv/dev
	@echo "Installing SageMaker's training toolkit in .venv-toolkit …"
	@$(UV) venv -q --clear --python .venv/bin/python .venv-toolkit
	@VIRTUAL_ENV=.venv-toolkit $(UV) pip install -q --require-hashes -r requirements/toolkit.txt \
	  && .venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	  > "$$(.venv-toolkit/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/autogluon.pth" \
	  || { rm -rf .venv-toolkit/bin/train; echo "The toolkit could not be built; its test is skipped."; }
	@touch $@

# Beside the command: both pin graphql-core, so it comes first, and what it lacks is taken from .venv.
.venv-mlflow/ready: requirements/mlflow.txt | .venv/dev
	@echo "Installing MLflow in .venv-mlflow …"
	@$(UV) venv -q --clear --python .venv/bin/python .venv-mlflow
	@VIRTUAL_ENV=.venv-mlflow $(UV) pip install -q --require-hashes -r requirements/mlflow.txt
	@.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	  > "$$(.venv-mlflow/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/codefree.pth"
	@touch $@

# Looks for barriers in the report; without npm the one test that needs it says so.
.tools/axe/ready: requirements/axe/package-lock.json requirements/axe/package.json | .tools/bin/uv
	@echo "Installing the accessibility checker in .tools/axe …"
	@mkdir -p .tools/axe && cp $^ .tools/axe
	@npm ci --prefix .tools/axe --ignore-scripts --no-audit --no-fund --silent \
	  || { rm -rf .tools/axe/node_modules; \
	  echo "npm is missing or failed; the test of accessibility is skipped."; }
	@touch $@

# Python 3.12 as in AWS, whatever Python the engineer has; pyenv shows it only when it is named.
.venv-lambda/ready: HOLDS := AWS's Lambda runtime
.venv-container/ready: HOLDS := what AWS's training image has
.venv-lambda/ready .venv-container/ready: .venv-%/ready: requirements/%.txt | .tools/bin/uv
	@echo "Installing $(HOLDS) in .venv-$* …"
	@PYENV_VERSION="$$(pyenv versions --bare 2> /dev/null | paste -sd: -)" \
	  $(UV) venv -q --clear --python 3.12 .venv-$* \
	  && VIRTUAL_ENV=.venv-$* $(UV) pip install -q --compile-bytecode --require-hashes -r $< \
	  || { rm -rf .venv-$*/bin; mkdir -p .venv-$*; \
	  echo "Python 3.12 or a package is missing; the tests of .venv-$* are skipped."; }
	@touch $@
