#!/bin/sh
# Finds and installs the tools that Boram is built with. POSIX sh, because it runs before there is anything else.
#
#   scripts/toolchain.sh check      name every missing tool with the command that installs it (exit 2)
#   scripts/toolchain.sh python     .venv from requirements.lock
#   scripts/toolchain.sh project    the project itself into .venv, editable
#   scripts/toolchain.sh node       node_modules from package-lock.json
#   scripts/toolchain.sh path NAME  where anvil, forge or cast is
set -eu
cd "$(dirname "$0")/.."

python_oldest="3.11"
node_oldest="20"
foundry_series="1.7"
log_lines_shown=20

say() { printf '%s\n' "$*" >&2; }

# python: prints the first interpreter that is new enough; PYTHON=… overrides the search.
find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c "import sys; sys.exit(sys.version_info < tuple(map(int, '$python_oldest'.split('.'))))" 2>/dev/null
        then command -v "$candidate"; return 0; fi
    done
    return 1
}

foundry_platform() {
    case "$(uname -s)-$(uname -m)" in
        Linux-x86_64) echo linux-amd64 ;;
        Linux-aarch64 | Linux-arm64) echo linux-arm64 ;;
        Darwin-arm64) echo darwin-arm64 ;;
        Darwin-x86_64) echo darwin-amd64 ;;
        *) echo unknown ;;
    esac
}

# A binary on PATH wins when its version fits: it may be native where npm has none. npm's is the fallback that needs no network later.
find_foundry() {
    if found=$(command -v "$1") && "$found" --version 2>/dev/null | head -n 1 | grep -q "Version: $foundry_series\."
    then echo "$found"; return 0; fi
    packaged="node_modules/@foundry-rs/$1-$(foundry_platform)/bin/$1"
    [ -x "$packaged" ] && echo "$PWD/$packaged"
}

missing=0
lacks() { say "missing: $1"; say "  install it: $2"; missing=1; }

check() {
    if python=$(find_python); then
        "$python" -c 'import ensurepip, venv' 2>/dev/null || lacks "Python's venv module" "sudo apt-get install python3-venv"
    else
        lacks "python3, version $python_oldest or newer" "sudo apt-get install python3 python3-venv"
    fi
    node -e "process.exit(parseInt(process.versions.node, 10) < $node_oldest ? 1 : 0)" 2>/dev/null ||
        lacks "node, version $node_oldest or newer" "sudo apt-get install nodejs npm    (Debian 13 or newer)"
    npm --version >/dev/null 2>&1 || lacks "npm" "sudo apt-get install npm"
    command -v make >/dev/null || lacks "make" "sudo apt-get install make"
    [ "$missing" -eq 0 ] || exit 2
}

# logged NAME COMMAND…: quiet while it works; its last lines when it does not.
logged() {
    log=".build/$1.log"; shift
    mkdir -p .build
    if ! "$@" >"$log" 2>&1 </dev/null; then
        say "failed: $*"
        tail -n "$log_lines_shown" "$log" >&2
        say "the whole log: $log"
        exit 2
    fi
}

install_python() {
    python=$(find_python)
    say "installing Python packages into .venv"
    .venv/bin/python -c "import sys; sys.exit(sys.version_info < tuple(map(int, '$python_oldest'.split('.'))))" 2>/dev/null ||
        logged venv "$python" -m venv --clear .venv
    # Wheels only: a source package would run its own code here, and would want a compiler.
    logged pip .venv/bin/python -m pip install --disable-pip-version-check --no-input --only-binary :all: \
        --require-hashes --requirement requirements.lock
}

install_project() {
    logged project .venv/bin/python -m pip install --disable-pip-version-check --no-input --no-deps --no-build-isolation \
        --editable .
}

install_node() {
    say "installing the chain tools into node_modules"
    logged npm npm ci --ignore-scripts --no-audit --no-fund
    for name in anvil forge cast; do
        find_foundry "$name" >/dev/null ||
            lacks "$name $foundry_series (npm has it for Linux on x86-64 only)" "foundryup --install $foundry_series.1"
    done
    [ "$missing" -eq 0 ] || exit 2
}

case "${1:-}" in
    check) check ;;
    python) check; install_python ;;
    project) install_project ;;
    node) check; install_node ;;
    path) find_foundry "$2" || { say "missing: $2 $foundry_series: run make setup"; exit 2; } ;;
    *) say "usage: scripts/toolchain.sh check | python | project | node | path NAME"; exit 2 ;;
esac
