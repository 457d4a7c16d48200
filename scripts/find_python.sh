#!/bin/sh
# Prints the path of a Python that this project can be installed for, or says on standard error what to install.
# Order: $PYTHON when set (and nothing else then), python3.13, 3.12 and 3.14 on the PATH, python3, python, pyenv's
# installations, uv's, conda's.
set -u

# Runs the candidate itself: a pyenv shim or a system stub may exist and still not start.
usable() {
    "$1" -c '
import sys
import ensurepip, venv
if not (3, 12) <= sys.version_info[:2] <= (3, 14):
    sys.exit(1)
print(sys.executable)
' 2>/dev/null </dev/null
}

if [ -n "${PYTHON:-}" ]; then
    usable "$PYTHON" && exit 0
    echo "PYTHON=$PYTHON is not a Python 3.12, 3.13 or 3.14 with the venv module: name one that is, or leave PYTHON unset to search." >&2
    exit 1
fi

for name in python3.13 python3.12 python3.14 python3 python; do
    command -v "$name" >/dev/null 2>&1 && usable "$name" && exit 0
done

if command -v pyenv >/dev/null 2>&1; then
    pyenv_root=$(pyenv root 2>/dev/null)
else
    pyenv_root=${PYENV_ROOT:-$HOME/.pyenv}
fi
for series in 3.13 3.12 3.14; do
    for candidate in "$pyenv_root"/versions/"$series".*/bin/python; do
        [ -x "$candidate" ] && usable "$candidate" && exit 0
    done
done

if command -v uv >/dev/null 2>&1; then
    candidate=$(uv python find --no-python-downloads --no-project '>=3.12,<3.15' 2>/dev/null) && usable "$candidate" && exit 0
fi

if command -v conda >/dev/null 2>&1; then
    conda_root=$(conda info --base 2>/dev/null)
    for candidate in "$conda_root"/bin/python "$conda_root"/envs/*/bin/python; do
        [ -x "$candidate" ] && usable "$candidate" && exit 0
    done
fi

cat >&2 <<'END'
No Python 3.12, 3.13 or 3.14 with the venv module was found (looked at python3.13, python3.12, python3.14, python3 and
python on the PATH, and in pyenv, uv and conda). Install one, for example with
    pyenv install 3.13          (any system with pyenv)
    uv python install 3.13      (any system with uv)
    apt-get install python3.13 python3.13-venv    (Debian and Ubuntu releases that have it)
    brew install python@3.13    (macOS)
or name one: make env PYTHON=/path/to/python3.13
END
exit 1
