.PHONY: help run test bench clean

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

# webhooks may reach this machine itself, so that a first receiver needs no tunnel
run: .venv/installed ## Install, load the sample city, scan it, serve
	MAPTARGETER_OUTBOUND_ALLOW=$${MAPTARGETER_OUTBOUND_ALLOW-127.0.0.0/8} .venv/bin/maptargeter quickstart

test: .venv/installed ## Install and run every check and test
	.venv/bin/pip install --quiet 'tox>=4.30,<5'
	.venv/bin/tox run

bench: .venv/installed ## Measure the API beside its peer
	.venv/bin/pip install --quiet 'tox>=4.30,<5'
	.venv/bin/tox run -e bench

clean: ## Remove what was installed and the local data
	rm -rf .venv .tox var

.venv/installed: setup.cfg pyproject.toml
	python3 -m venv .venv
	.venv/bin/pip install --quiet --upgrade pip
	.venv/bin/pip install --quiet --editable .
	touch $@
