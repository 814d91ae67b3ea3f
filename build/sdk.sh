# Sourced by ./rge and ./test with $root set: finds the .NET SDK, and builds with one process at a time.
# shellcheck shell=bash disable=SC2154

artifacts=$root/artifacts
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false
# Where Microsoft's install script puts the SDK when it is not installed for everybody.
PATH=$PATH:${DOTNET_ROOT:-$HOME/.dotnet}

say() { printf '%s\n' "$*" >&2; }

require_dotnet() {
    command -v dotnet >/dev/null && return
    say "The .NET SDK 10.0 is needed and 'dotnet' was not found: install dotnet-sdk-10.0, see https://learn.microsoft.com/dotnet/core/install/linux"
    exit 1
}

# The SDK that global.json accepts; a runtime alone is enough to run what is built.
require_sdk() {
    (cd "$root" && dotnet --version) >/dev/null 2>&1 && return
    local found
    found=$(dotnet --list-sdks 2>/dev/null | cut -d' ' -f1 | paste -sd' ')
    say "The .NET SDK 10.0.100 or a newer 10.0 is needed, found: ${found:-none}; install dotnet-sdk-10.0, see https://learn.microsoft.com/dotnet/core/install/linux"
    exit 1
}

# Holds the lock of this working tree until `unlock`, so that two first runs at once do not write the same files.
lock() {
    mkdir -p "$artifacts"
    exec 9>"$artifacts/build.lock"
    flock 9
}

unlock() { exec 9>&-; }

# Where NuGet keeps packages.
packages() { printf '%s\n' "${NUGET_PACKAGES:-${HOME}/.nuget/packages}"; }

megabytes() { du -sm "$1" 2>/dev/null | cut -f1 || true; }

# restore PROJECT MB: brings the packages of a first build, and says how far it has got. Nothing when they are there.
restore() {
    local assets=$1
    [[ $1 != *.slnx ]] || assets=tests/Rge.Cli.Tests
    [[ ! -f $root/$assets/obj/project.assets.json ]] || return 0
    local folder log=$artifacts/restore.log before watch status=0
    folder=$(packages)
    before=$(megabytes "$folder")
    if [[ -d $folder/libtorch-cpu-linux-x64 || ${TorchBackend:-cpu} != cpu ]]; then
        say "restoring packages into $folder ..."
    else
        say "restoring packages into $folder: about $2, once; the largest is libtorch, which computes ..."
    fi
    (while sleep 10 >/dev/null 2>&1; do say "  $(($(megabytes "$folder") - ${before:-0})) MB so far, unpacked ..."; done) 9>&- &
    watch=$!
    (cd "$root" && dotnet restore "$1" --verbosity quiet --nologo --disable-build-servers) >"$log" 2>&1 </dev/null 9>&- || status=$?
    kill "$watch" 2>/dev/null
    wait "$watch" 2>/dev/null || true
    ((status == 0)) || failed "$1" "$log" restore
}

# build PROJECT: names the projects as they are done on the error stream, and the errors when it fails. No server processes stay
# behind: they would hold the lock and the caller's pipes open.
build() {
    require_sdk
    local log=$artifacts/build.log start=$SECONDS
    restore "$1" "${2:-300 MB to download and 1.2 GB on the disk}"
    say "building ${1##*/}, a few minutes the first time ..."
    (cd "$root" && dotnet build "$1" --configuration Release --verbosity minimal --nologo --disable-build-servers) </dev/null 2>&1 9>&- |
        tee "$log" | sed -unE 's/^ +([A-Za-z.]+) -> .*/  \1/p' >&2 || failed "$1" "$log" build
    say "built in $((SECONDS - start)) s"
}

# failed PROJECT LOG WHAT: the errors of a log, and where all of it is.
failed() {
    grep -E ': error |^error|MSB[0-9]{4}' "$2" | sort -u >&2 || cat "$2" >&2
    say "The $3 of $1 failed; all of its output is in $2"
    exit 1
}
