#!/usr/bin/env bash
# Builds TorchSharp's native library for an installed PyTorch, of whatever version, with g++ alone.
# usage: bench/gpu/native.sh TORCH SOURCES OUT
#   TORCH     folder of PyTorch, with include/ and lib/: what python3 -c 'import torch; print(torch.__path__[0])' prints
#   SOURCES   folder of TorchSharp's sources, with src/Native
#   OUT       folder to write: libLibTorchSharp.so, and links to the libraries of PyTorch. It is what RGE_LIBTORCH names then
# TORCH_INCLUDE names another folder for PyTorch's headers.
# Functions that do not compile with this PyTorch are left out and named: what calls one of them fails, and nothing else.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

[ $# -eq 3 ] || { sed -n '2,8s/^# //p' "$0" >&2; exit 2; }
torch=$(realpath "$1")
sources=$(realpath "$2")/src/Native/LibTorchSharp
include=${TORCH_INCLUDE:-$torch/include}
mkdir -p "$3/objects"
out=$(realpath "$3")

[ -f "$include/torch/csrc/api/include/torch/torch.h" ] || { echo "$include has no headers of PyTorch." >&2; exit 1; }
[ -f "$sources/THSTensor.cpp" ] || { echo "$sources has no sources of TorchSharp." >&2; exit 1; }

flags="-std=c++20 -O1 -fPIC -fvisibility=hidden -w -D_GLIBCXX_USE_CXX11_ABI=1 -I$sources -I$include"
export flags="$flags -I$include/torch/csrc/api/include"
export objects=$out/objects here

# A file that has been compiled is kept: a second run continues.
compile() {
    local name source object round
    name=$(basename "$1") source=$1 object=$objects/$(basename "$1").o
    [ -f "$object" ] && return
    for round in 1 2 3 4 5 6; do
        # shellcheck disable=SC2086 # the flags are words
        if g++ $flags -c "$source" -o "$object.part" 2> "$object.log"; then
            mv "$object.part" "$object"
            return
        fi
        mkdir -p "$objects/$round"
        python3 "$here/drop_functions.py" "$source" "$object.log" "$objects/$round/$name" >> "$object.dropped" || break
        source=$objects/$round/$name
    done
}
export -f compile
ls -S "$sources"/*.cpp | xargs -P "$(nproc)" -I{} bash -c 'compile "$1"' _ {}
gcc -O1 -fPIC -fvisibility=hidden -c "$sources/crc32c.c" -o "$objects/crc32c.c.o"

for source in "$sources"/*.cpp; do
    object=$objects/$(basename "$source").o
    if [ ! -f "$object" ]; then
        echo "$(basename "$source") cannot be compiled with this PyTorch:" >&2
        grep -m 3 'error' "$object.log" >&2 || cat "$object.log" >&2
        exit 1
    fi
done

if cat "$objects"/*.dropped > "$objects/left-out" 2> /dev/null && [ -s "$objects/left-out" ]; then
    echo "left out, because this PyTorch declares them in another way: $(paste -sd' ' "$objects/left-out")" >&2
fi

# The name is how TorchSharp finds the library that is loaded already.
g++ -shared -Wl,-soname,libLibTorchSharp.so -Wl,-Bsymbolic -Wl,--allow-shlib-undefined -o "$out/libLibTorchSharp.so" \
    "$objects"/*.o -L"$torch/lib" -ltorch_cpu -lc10
for library in "$torch"/lib/*.so*; do
    ln -sf "$library" "$out/"
done
echo "$out/libLibTorchSharp.so"
