#!/usr/bin/env bash
# Compares Rge with PyTorch and transformers on a machine with a GPU, in eight minutes, and prints one table.
# usage: bench/gpu/run.sh [options], in a copy of the repository with what bench/gpu/prepare.sh wrote
#   --device DEVICE    cuda (default), cuda:N or cpu
#   --shapes LIST      shapes of the random checkpoints, as in rge new: 700m,3b (default)
#   --batches LIST     queries at a time: 1,8,32,128 (default)
#   --steps N          joint steps of training on the first shape: 100 (default)
#   --families LIST    folders of tests/Reference to verify: all of them (default)
#   --python PROGRAM   a Python with PyTorch and transformers: python3 (default)
#   --seconds N        time for everything: 470 (default)
#   --out FOLDER       where checkpoints, outputs and the table go: artifacts/gpu/run (default)
#   --dry-run          prints the commands and runs none
# Needs PyTorch, transformers, g++ and xz, no .NET and no network. What fails or takes too long is named in the table; the rest goes on.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

device=cuda shapes=700m,3b batches=1,8,32,128 steps=100 families=qwen2_vl,qwen2_5_vl,qwen3_vl,qwen3_5
python=python3 seconds=470 out=artifacts/gpu/run dry=
while [ $# -gt 0 ]; do
    case $1 in
        --dry-run) dry=yes; shift; continue ;;
        --device | --shapes | --batches | --steps | --families | --python | --seconds | --out)
            [ $# -ge 2 ] || { echo "$1 wants a value." >&2; exit 2; }
            declare "${1#--}=$2"; shift 2 ;;
        *) sed -n '2,14s/^# //p' "$0" >&2; exit 2 ;;
    esac
done

archives=artifacts/gpu
program=$archives/program
rge=$program/Rge.Cli
bench=$program/Rge.Bench
attention=sdpa
[ "$device" = cpu ] && attention=eager
first=${shapes%%,*}
export PYTHONDONTWRITEBYTECODE=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1

# Runs one part within its budget and within what is left of the whole. Output, errors and how it ended go to files of its name.
part() {
    local name=$1 budget=$2 left code=0 began
    shift 2
    if [ -n "$dry" ]; then
        echo "$name ($budget s): $*"
        return
    fi
    left=$((seconds - SECONDS))
    if [ "$left" -lt 3 ]; then
        echo "not begun, no time left" > "$out/$name.status"
        return 1
    fi
    [ "$budget" -lt "$left" ] || budget=$left
    began=$(date +%s.%N)
    timeout --kill-after=5 "$budget" "$@" > "$out/$name.json" 2> "$out/$name.log" || code=$?
    case $code in
        0) echo ok ;;
        124 | 137) echo "stopped after $budget s" ;;
        *) echo "failed with $code: $({ grep -m 1 '^Unhandled exception' "$out/$name.log" || tail -n 1 "$out/$name.log"; } | cut -c 1-200)" ;;
    esac > "$out/$name.status"
    echo "$began $(date +%s.%N)" | awk '{ printf "%.1f\n", $2 - $1 }' > "$out/$name.seconds"
    echo "$name: $(cat "$out/$name.status"), $(cat "$out/$name.seconds") s" >&2
    return "$code"
}

unpack() {
    mkdir -p "$out"
    rm -f "$out"/*.json "$out"/*.status "$out"/*.seconds "$out"/*.log
    [ -x "$rge" ] || tar -C "$archives" -xJf "$archives/program.tar.xz" || return 1
    [ -d "$archives/torchsharp/src" ] || {
        mkdir -p "$archives/torchsharp" && tar -C "$archives/torchsharp" -xJf "$archives/torchsharp.tar.xz"
    }
}

# The shipped library serves the version of PyTorch that TorchSharp was built for. For another one it is built, and the shipped one put
# aside.
find_torch() {
    local torch
    torch=$("$python" -c 'import torch; print(torch.__path__[0])') || return 1
    LD_LIBRARY_PATH=$torch/lib$(printf ':%s' "$torch"/../nvidia/*/lib)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    export LD_LIBRARY_PATH RGE_LIBTORCH=$torch
    if [ -f "$program/libLibTorchSharp.so" ]; then
        "$rge" doctor > "$out/doctor.log" 2>&1 && return
        mv "$program/libLibTorchSharp.so" "$archives/"
    fi
    export RGE_LIBTORCH=$PWD/$archives/libtorch
    if [ ! -f "$RGE_LIBTORCH/libLibTorchSharp.so" ]; then
        part native 200 bench/gpu/native.sh "$torch" "$archives/torchsharp" "$RGE_LIBTORCH" || return 1
        cp "$out/native.log" "$RGE_LIBTORCH/log"
    fi
    "$rge" doctor > "$out/doctor.log" 2>&1
}

if [ -z "$dry" ]; then
    unpack || { echo "$archives has no program: run bench/gpu/prepare.sh." >&2; exit 1; }
    out=$(realpath "$out")
    find_torch || {
        echo "libtorch cannot be used:" >&2
        cat "$out/native.log" "$out/doctor.log" >&2 2> /dev/null
        exit 1
    }
    "$python" bench/gpu/machine.py "$device" > "$out/machine.txt"
    grep -hs '^left out' "$archives/libtorch/log" >> "$out/machine.txt"
fi

make_checkpoint() {
    [ -f "$out/$1/config.json" ] || part "new-$1" 150 "$rge" new "$out/$1" --shape "$1"
}

# Checkpoints are written beside the comparison with reference vectors, whose time is of no interest.
make_checkpoint "$first"
for shape in ${shapes//,/ }; do
    [ "$shape" = "$first" ] && continue
    if [ -n "$dry" ]; then make_checkpoint "$shape"; else make_checkpoint "$shape" & fi
done
for family in ${families//,/ }; do
    for dtype in float32 bfloat16; do
        part "verify-$family-$dtype" 40 "$rge" verify "tests/Reference/$family" --dtype "$dtype" --device "$device" --json
    done
done
wait

compare_queries() {
    part "rge-$1" 90 "$bench" queries "$out/$1" --device "$device" --batches "$batches"
    part "transformers-$1" 110 "$python" bench/bench_transformers.py "$out/$1" --device "$device" --batches "$batches" \
        --attention "$attention" --threads "$(nproc)"
}

compare_queries "$first"

part batch 30 "$bench" joint-batch "$out/$first" "$out/batch.json"
part rge-joint 80 "$bench" joint-step "$out/$first" "$out/batch.json" --lora 16 --steps "$steps" --device "$device"
part pytorch-joint 80 "$python" bench/joint_step.py "$out/$first" "$out/batch.json" --lora 16 --steps "$steps" --device "$device" \
    --attention "$attention" --threads "$(nproc)"

for shape in ${shapes//,/ }; do
    [ "$shape" = "$first" ] || compare_queries "$shape"
done

[ -n "$dry" ] || "$python" bench/gpu/table.py "$out" | tee "$out/table.md"
