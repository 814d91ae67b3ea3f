#!/usr/bin/env bash
# Writes what the packages make public to src/*/PublicAPI.Unshipped.txt. The build fails where these files and the sources differ, so that
# a change of the public interface is seen in the diff of these files.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
log=$work/log

# The files are emptied before the build; unless all of them are written, they come back as they were.
restore() {
    [[ -e $work/done ]] || tar -xf "$work/before.tar"
    rm -rf "$work"
}
tar -cf "$work/before.tar" src/*/PublicAPI.Unshipped.txt
trap restore EXIT

for shipped in src/*/PublicAPI.Shipped.txt; do
    printf '#nullable enable\n' >"${shipped%Shipped.txt}Unshipped.txt"
done
dotnet build src/Rge.Cli --configuration Release --nologo --disable-build-servers -p:TreatWarningsAsErrors=false >"$log" || {
    grep -E ": error " "$log" | sort -u >&2
    exit 1
}
grep -E 'warning (CS|CA|IDE|MA|RCS|RS00[^1])' "$log" | sort -u >&2 || true
for shipped in src/*/PublicAPI.Shipped.txt; do
    project=$(dirname "$shipped")
    sed -nE "s/.*warning RS0016: Symbol '(.*)' is not part of the declared public API.*\[.*\/${project//\//\\/}\/[^/]*\]$/\1/p" "$log" |
        LC_ALL=C sort -u >>"$project/PublicAPI.Unshipped.txt"
    printf '%6d  %s\n' "$(($(wc -l <"$project/PublicAPI.Unshipped.txt") - 1))" "$project"
done
touch "$work/done"
