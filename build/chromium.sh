#!/usr/bin/env bash
# Provides Chromium for the tests of the page, from the system's packages, and prints its path: $RGE_CHROMIUM, or what is installed, or what
# apt-get installs. Ends with 1 and a sentence when it cannot be had.
set -euo pipefail

cannot() {
    printf 'Chromium for the tests cannot be had: %s\n' "$*" >&2
    exit 1
}

find_it() {
    local program
    for program in "${RGE_CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do
        [[ -x $program ]] && printf '%s\n' "$program" && return
    done
    return 1
}

find_it && exit
((EUID == 0)) || cannot "it is not installed, and installing it needs root."
command -v apt-get >/dev/null || cannot "it is not installed, and this system has no apt-get."
log=${TMPDIR:-/tmp}/rge-chromium.log
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >"$log" 2>&1 || cannot "apt-get failed; see $log."
find_it || cannot "the package has no chromium; see $log."
