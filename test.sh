#!/usr/bin/env bash
# Installs what the tests need into .venv, checks the style, runs the tests, three at a time: many wait for
# processes. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")"
. ./environment.sh requirements-dev.txt
ruff check .
python -m pytest -q -n 3 "$@"
