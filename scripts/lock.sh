#!/bin/sh
# Pins every requirement of pyproject.toml, with hashes, for every platform and Python it supports.
# Versions already pinned stay; `sh scripts/lock.sh --upgrade` moves all, `--upgrade-package NAME` one. Needs uv.
set -eu
cd "$(dirname "$0")/.."

if ! command -v uv >/dev/null 2>&1; then
    echo "Pinning needs uv, which writes one file for all platforms: install it (for example: pipx install uv) and run again." >&2
    exit 1
fi
uv pip compile pyproject.toml --extra cluster --extra dev --extra docs --universal --python-version 3.12 --generate-hashes \
    --custom-compile-command "make lock" --quiet --output-file requirements/lock.txt "$@"
