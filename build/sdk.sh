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

# build PROJECT: silent when it succeeds, its errors when not. No server processes stay behind: they would hold the
# lock and the caller's pipes open.
build() {
    require_sdk
    local log=$artifacts/build.log
    [[ ! -t 2 ]] || say "building ${1##*/} ..."
    (cd "$root" && dotnet build "$1" --configuration Release --verbosity quiet --nologo --disable-build-servers) >"$log" 2>&1 </dev/null 9>&- && return
    grep -E ': error |^error|MSB[0-9]{4}' "$log" | sort -u >&2 || cat "$log" >&2
    say "The build of $1 failed; all of its output is in $log"
    exit 1
}
