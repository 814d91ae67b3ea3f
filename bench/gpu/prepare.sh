#!/usr/bin/env bash
# Prepares what travels to a machine with a GPU beside the repository: the program with its runtime and without libtorch, and the sources
# of TorchSharp's native library, which bench/gpu/run.sh builds there for the PyTorch that it finds.
# usage: bench/gpu/prepare.sh [--torchsharp FOLDER]
#   --torchsharp FOLDER   a clone of TorchSharp, bare or not; fetched from GitHub where it is not given
# Writes artifacts/gpu/program.tar.xz and artifacts/gpu/torchsharp.tar.xz, which git ignores, and prints their size: at most 64 MiB.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

limit=$((64 * 1024 * 1024))
out=artifacts/gpu
url=https://github.com/dotnet/TorchSharp
torchsharp=

while [ $# -gt 0 ]; do
    case $1 in
        --torchsharp) torchsharp=$(realpath "${2:?--torchsharp wants a folder}"); shift 2 ;;
        *) sed -n '2,7s/^# //p' "$0" >&2; exit 2 ;;
    esac
done

version=$(sed -n 's/.*Include="TorchSharp" Version="\([^"]*\)".*/\1/p' Directory.Packages.props)
rm -rf "$out/program" "$out"/*.tar.xz
mkdir -p "$out/program"

echo "program: dotnet publish, without libtorch"
for project in src/Rge.Cli bench/Rge.Bench; do
    dotnet publish "$project" -c Release -r linux-x64 --self-contained true -p:TorchBackend=none \
        --artifacts-path "$out/build" -o "$out/program" --nologo -v quiet
done
tar -C "$out" -cf - program | xz -9 -T0 > "$out/program.tar.xz"

echo "TorchSharp $version: sources of its native library"
if [ -z "$torchsharp" ]; then
    torchsharp=$out/torchsharp.git
    if [ ! -d "$torchsharp" ] && ! git clone --quiet --bare "$url" "$torchsharp"; then
        echo "$url cannot be reached: give a clone of it with --torchsharp FOLDER." >&2
        exit 1
    fi
fi
# The tag of the version; without one, the last commit that says it has this version.
tag=$(git -C "$torchsharp" rev-parse --verify --quiet "v$version^{commit}" || git -C "$torchsharp" rev-parse HEAD)
found=$(git -C "$torchsharp" show "$tag:build/BranchInfo.props" |
    sed -nE 's/.*<(Major|Minor|Patch)Version>(.*)<.*/\2/p' | paste -sd.)
if [ "$found" != "$version" ]; then
    echo "$torchsharp has TorchSharp $found, expected $version: fetch its tag v$version." >&2
    exit 1
fi
git -C "$torchsharp" archive "$tag" src/Native | xz -9 > "$out/torchsharp.tar.xz"

bytes=$(cat "$out"/*.tar.xz | wc -c)
ls -l "$out"/*.tar.xz
echo "$((bytes / 1024 / 1024)) MiB of at most $((limit / 1024 / 1024)) MiB"
[ "$bytes" -le "$limit" ]
