#!/bin/sh
# Builds .venv with everything the suite, its tests and its tools need. Called by `make setup`, from the root
# of the repository. Every version is pinned: uv here, all the rest (with hashes) in locks/dev.txt.
set -eu

UV_VERSION=0.13.9
VENV=.venv
MEMBERS="proto chassis services/customers services/catalog services/orders services/library services/notifications gateway local"

fail() {
    echo "setup: $*" >&2
    exit 1
}

# A version manager may put a python3.13 on PATH that only says it is not installed: so each one is tried.
# The distribution's come first: they are built with profile-guided optimisation, those of version managers
# often are not, and the whole suite then takes a sixth more processor time.
find_python() {
    for name in ${PYTHON:-} /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11; do
        if "$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$name"
            return 0
        fi
    done
    for name in ${PYTHON:-} python3.13 python3.12 python3.11 python3; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

create_venv() {
    python=$(find_python) || fail "no Python 3.11 or newer found: install one, or call make PYTHON=/path/to/python3 setup."
    echo "setup: using $python"
    if "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        "$python" -m venv "$VENV"
    elif command -v uv >/dev/null 2>&1; then
        uv venv --quiet --seed --python "$python" "$VENV"
    elif "$python" -m pip --version >/dev/null 2>&1 && "$python" -c 'import venv' >/dev/null 2>&1; then
        "$python" -m venv --without-pip "$VENV"
        "$python" -m pip --python "$VENV/bin/python" install --quiet --disable-pip-version-check pip
    else
        fail "this Python cannot create virtual environments: install its venv package (Debian and Ubuntu: apt-get install python3-venv) and try again."
    fi
}

[ -x "$VENV/bin/python" ] && "$VENV/bin/python" -c 'import pip' 2>/dev/null || {
    rm -rf "$VENV"
    create_venv
}
case "$("$VENV/bin/uv" --version 2>/dev/null || true)" in
    "uv $UV_VERSION"*) ;;
    *) "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" ;;
esac

editable=""
for member in $MEMBERS; do
    editable="$editable -e ./$member"
done
export VIRTUAL_ENV="$PWD/$VENV"
# Compiled once here: where Python may not write byte code itself, every process would compile all of it again.
"$VENV/bin/uv" pip install --quiet --compile-bytecode --require-hashes -r locks/dev.txt
# shellcheck disable=SC2086 # one word per member
"$VENV/bin/uv" pip install --quiet --no-deps --no-build-isolation $editable
echo "setup: ready, $("$VENV/bin/python" --version) in $VENV"
