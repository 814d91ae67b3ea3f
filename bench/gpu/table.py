"""Prints the table of bench/gpu/run.sh from the files that its parts wrote.
usage: table.py FOLDER
Of each part the folder has NAME.status ("ok", or what went wrong), NAME.seconds, and NAME.json, whose last line of JSON counts."""
import json
import pathlib
import sys


class Part:
    """How a part of the run ended, and what it printed."""

    def __init__(self, folder, name):
        self.status = self._read(folder / f"{name}.status") or "not begun"
        self.seconds = self._read(folder / f"{name}.seconds")
        try:
            self.output = json.loads(self._read(folder / f"{name}.json").strip().splitlines()[-1])
        except (ValueError, IndexError):
            self.output = None
        if self.status == "ok" and self.output is None:
            self.status = "printed no result"

    @staticmethod
    def _read(path):
        return path.read_text().strip() if path.exists() else ""

    def number(self, name):
        """A number of the output, of a part that did not finish too; None where there is none."""
        return self.output.get(name) if isinstance(self.output, dict) else None


def names(folder, prefix):
    return sorted(path.stem for path in folder.glob(f"{prefix}*.status"))


def show(value):
    return "" if value is None else f"{value:.3g}"


def row(*cells):
    print("| " + " | ".join(cells) + " |")


def verification(folder):
    row("comparison with reference vectors", "", "")
    row("---", "---", "---:")
    for name in names(folder, "verify-"):
        text = Part._read(folder / f"{name}.json")
        try:
            rows = [quantity for quantity in json.loads(text) if quantity["passed"] is not None]
            beyond = [quantity["quantity"] for quantity in rows if not quantity["passed"]]
            result = f"{len(rows)} quantities ok" if not beyond else "beyond: " + ", ".join(beyond)
        except ValueError:
            result = Part(folder, name).status
        row(name.removeprefix("verify-").replace("-", ", "), result, Part._read(folder / f"{name}.seconds") + " s")
    print()


def speed(folder):
    row("", "rge", "PyTorch", "rge : PyTorch", "wanted")
    row("---", "---:", "---:", "---:", "---")
    for name in names(folder, "rge-"):
        shape = name.removeprefix("rge-")
        if shape != "joint":
            queries(shape, Part(folder, name), Part(folder, f"transformers-{shape}"))
    ours, theirs = Part(folder, "rge-joint"), Part(folder, "pytorch-joint")
    a, b = ours.number("seconds"), theirs.number("seconds")
    row("joint step, s", show(a) or ours.status, show(b) or theirs.status, f"{b / a:.2f} ×" if a and b else "", "at least 1.0 ×")
    print()


def queries(shape, ours, theirs):
    prefix = "queries_per_s_"
    sizes = sorted({int(key[len(prefix):]) for part in (ours, theirs) for key in part.output or {} if key.startswith(prefix)})
    single = theirs.number(prefix + "1")
    for size in sizes:
        a, b = ours.number(f"{prefix}{size}"), theirs.number(f"{prefix}{size}")
        ratio = f"{a / b:.2f} ×" if a and b else ""
        wanted = ""
        if size == 32:
            ratio += f", {a / single:.2f} × one at a time" if a and single else ""
            wanted = "at least 1.2 ×, 5 × one at a time"
        row(f"{shape}, queries/s, {size} at a time", show(a) or ours.status, show(b) or theirs.status, ratio, wanted)
    for program, part in (("rge", ours), ("transformers", theirs)):
        if part.status != "ok" or not sizes:
            row(f"{shape}, {program}", part.status, "", "", "")


def problems(folder):
    failed = [(name, Part(folder, name).status) for name in names(folder, "")]
    for name, status in failed:
        if status not in ("ok", "printed no result"):
            print(f"{name}: {status}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    print(Part._read(folder / "machine.txt") + "\n")
    verification(folder)
    speed(folder)
    problems(folder)


main()
