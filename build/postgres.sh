#!/usr/bin/env bash
# Provides PostgreSQL 17 with pgvector for the tests: Debian 13's packages in a folder of their own, which they run in by chroot.
# Prints the folder: $RGE_POSTGRES, or one in the user's cache that all working trees share. The first run downloads 60 MB and takes
# about a minute. Ends with 1 and a sentence when it cannot be had: it needs root, a Debian-like system and a package mirror.
set -euo pipefail
folder=${RGE_POSTGRES:-${XDG_CACHE_HOME:-$HOME/.cache}/rge/postgres-17}

cannot() {
    printf 'PostgreSQL for the tests cannot be had: %s\n' "$*" >&2
    exit 1
}

complete() { [[ -x $folder/usr/lib/postgresql/17/bin/postgres && -f $folder/usr/share/postgresql/17/extension/vector.control && ! -e $folder/debootstrap ]]; }

if ! complete; then
    ((EUID == 0)) || cannot "$folder does not have it, and making it needs root."
    mkdir -p "$(dirname "$folder")"
    exec 8>"$folder.lock"
    flock 8
    if ! complete; then
        log=$folder.log
        command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq debootstrap; } >"$log" 2>&1 ||
            cannot "debootstrap is missing and could not be installed; see $log."
        mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } | grep -E '^(URIs:|deb )' | grep -oE '[a-z]+://[^ ]+' | head -1)
        [[ -n $mirror ]] || cannot "no package mirror is configured."
        rm -rf "$folder"
        # Under its own name from the beginning: packages remember where they were set up. An unfinished one has a folder debootstrap in it.
        debootstrap --variant=minbase --include=postgresql-17,postgresql-17-pgvector trixie "$folder" "$mirror" >"$log" 2>&1 8>&- ||
            cannot "debootstrap failed; see $log."
        complete || cannot "$folder is incomplete; see $log."
    fi
fi
printf '%s\n' "$folder"
