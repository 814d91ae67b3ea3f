#!/usr/bin/env python3
"""Recomputes hit@1 with NumPy from the embeddings that `rge eval --embeddings npy` wrote.

    python3 bench/hit_at_1.py OUT/on        # a folder of subset folders

Prints a line a subset: NumPy's hit@1 and that of scores.json, and ends with 1 where they differ.
"""
import json
import pathlib
import sys

import numpy as np


def hit_at_1(folder):
    queries, candidates, indices, starts = (
        np.load(folder / f"{name}.npy") for name in ("queries", "candidates", "candidate_indices", "candidate_starts"))
    # The right candidate is the first of its row; argmax takes the first of equal ones.
    hits = [np.argmax(candidates[indices[start:end]] @ query) == 0 for query, start, end in zip(queries, starts, starts[1:])]
    return float(np.mean(hits))


def main(root):
    same = True
    for scores in sorted(pathlib.Path(root).glob("*/scores.json")):
        ours = json.loads(scores.read_text())
        numpy, rge = hit_at_1(scores.parent), ours["hits"] / ours["rows"]
        same &= numpy == rge
        print(f"{ours['subset']:24} numpy {numpy:.6f}  rge {rge:.6f}  {'same' if numpy == rge else 'DIFFERENT'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else __doc__)
