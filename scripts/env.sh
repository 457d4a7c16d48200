#!/bin/sh
# Brings .venv to what requirements/lock.txt says and installs the package in it; does nothing when it is so already.
#
# .venv/.requirements is written last and holds what was installed (the place of the checkout, which scripts in .venv
# contain, and the requirements). While it is missing or differs, the environment counts as absent and is built anew.
set -eu
cd "$(dirname "$0")/.."

venv=.venv
python=$venv/bin/python
complete=$venv/.requirements
project=$venv/.pyproject.toml
lock=$venv.lock

wanted() {
    pwd
    cat requirements/lock.txt
}

asked_for() {
    [ -z "${PYTHON:-}" ] ||
        [ "$("$PYTHON" -c 'import sys; print(sys.version)' 2>&1)" = "$("$python" -c 'import sys; print(sys.version)')" ]
}

requirements_met() {
    [ -f "$complete" ] && wanted | cmp -s - "$complete" && "$python" scripts/check_environment.py >/dev/null 2>&1 && asked_for
}

project_met() {
    cmp -s pyproject.toml "$project" && [ -x "$venv/bin/bayes-frontier" ]
}

logged() {
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 25 "$log" >&2
        echo "The environment is not complete: the command above failed ($*). Run 'make env' again once its cause is gone." >&2
        exit 1
    fi
}

requirements_met && project_met && exit 0

# One at a time: two builds in the same directory would spoil each other.
waited=0
until mkdir "$lock" 2>/dev/null; do
    owner=$(cat "$lock/pid" 2>/dev/null || true)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
        rm -rf "$lock"
        continue
    fi
    [ "$waited" -gt 0 ] || echo "waiting for another build of the environment (process ${owner:-unknown}, $lock)" >&2
    waited=$((waited + 1))
    if [ "$waited" -gt 900 ]; then
        echo "Gave up after 15 minutes: if no other 'make' is running, remove $lock and try again." >&2
        exit 1
    fi
    sleep 1
done
echo $$ >"$lock/pid"
log=$(mktemp)
trap 'rm -rf "$lock" "$log"' EXIT
trap 'exit 130' HUP INT TERM

if ! requirements_met; then
    base=$(sh scripts/find_python.sh)
    rm -rf "$venv"
    echo "installing the pinned requirements into $venv with $("$base" --version) (a minute or two)"
    logged "$base" -m venv "$venv"
    logged "$python" -m pip install --disable-pip-version-check --no-input --require-hashes --only-binary :all: \
        --no-compile -r requirements/lock.txt
    # By all cores, where pip uses one. Some libraries carry files that are no Python of this version: never mind.
    "$python" -m compileall -q -j 0 -x '/tests?/' "$venv"/lib >/dev/null 2>&1 || true
fi
rm -f "$complete"
logged "$python" -m pip install --disable-pip-version-check --no-input --no-deps --no-build-isolation --no-index --editable .
cp pyproject.toml "$project"
wanted >"$complete.part"
mv "$complete.part" "$complete"
echo "$venv is complete"
