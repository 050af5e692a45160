# Targets people know. `make chat` runs the main job, `make test` passes the tests.
SWIFT ?= swift
BUILD_FLAGS ?= -c release
RETORT = .build/release/retort
LIBRARIES = RetortEngine RetortTraining RetortEvaluation RetortDistillation RetortClient RetortServer RetortModels RetortFormats RetortTokenizers RetortTemplates RetortGrammar RetortPipeline RetortHub RetortGuard RetortProvenance RetortTensor RetortJSON

.PHONY: help deps build chat serve test web-test web-check clients-check lint format bench docs clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' $(MAKEFILE_LIST)

deps: ## check for Swift and the system libraries, install what is missing where that is possible
	@sh Tools/deps.sh

build: deps ## the retort command, release mode
	$(SWIFT) build $(BUILD_FLAGS) --product retort

chat: build ## chat with the bundled model
	@$(RETORT) chat

serve: build ## the API and the chat app; MODEL=… takes another model than the bundled one
	@$(RETORT) serve $(or $(MODEL),bundled)

# Without @testable the tests share the build of `make build`: see the flag.
test: deps ## every test, release mode, no network
	$(SWIFT) test $(BUILD_FLAGS) --disable-testable-imports

web-test: ## the web app's texts, formulas and client, with node
	node --test Tests/WebTests/*.test.mjs

web-check: ## the web app in a headless Chromium; BASE=URL takes a running server, else a mock is started
	python3 Tools/web/check_app.py $(if $(BASE),--base $(BASE))

# VENVS/NAME is a virtual environment with Tools/clients/requirements-NAME.txt.
CLIENTS = $(wildcard Tools/clients/check_*.py)
clients-check: build ## real clients against the server; VENVS=… holds their environments, TOKENIZER=… is lm_eval's
	@test -n "$(VENVS)" || { echo "VENVS is not set: see docs/http-api.md, 'Clients that are checked'"; exit 2; }
	@for check in $(CLIENTS); do \
	    name=$$(basename $$check .py | sed 's/^check_//; s/_/-/g'); \
	    $(VENVS)/$$name/bin/python $$check --retort $(RETORT) \
	        $$(test $$name != lm-eval || echo --tokenizer "$(TOKENIZER)") || exit 1; \
	done

lint: ## the toolchain's formatter, strict
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests Fuzzing/Sources

format: ## rewrite the sources as the linter wants them
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests Fuzzing/Sources

bench: build ## prefill and decode speed; MODEL=… takes another model than the bundled one
	@$(RETORT) bench $(or $(MODEL),bundled)

docs: ## the library's reference as DocC archives in .build/plugins
	@for target in $(LIBRARIES); do \
	    RETORT_DOCS=1 $(SWIFT) package generate-documentation --target $$target --warnings-as-errors \
	    || exit 1; \
	done

clean: ## remove what the build made
	rm -rf .build .build-readme
