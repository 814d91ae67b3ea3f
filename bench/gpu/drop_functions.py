"""Leaves out of a C++ source the functions that a compiler has complained of. For libraries whose callers find functions by name: one that
is left out is missed only by what calls it.
usage: drop_functions.py SOURCE LOG OUT
LOG is what the compiler printed. Prints the names of the functions; ends with 1 where no complaint is within a function of the source."""
import pathlib
import re
import sys


def functions(lines):
    """Of each function its first and last line: from a line that begins at the margin to the next closing brace there."""
    first = None
    for number, line in enumerate(lines):
        if line.startswith("}"):
            if first is not None:
                yield first, number
            first = None
        elif first is None and re.match(r"[A-Za-z_]", line) and "(" in line and not line.rstrip().endswith(";"):
            first = number


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    source, log, out = map(pathlib.Path, sys.argv[1:])
    lines = source.read_text().splitlines(keepends=True)
    wrong = {int(number) - 1 for number in re.findall(rf"^(?:.*/)?{re.escape(source.name)}:(\d+):\d+: error", log.read_text(), re.M)}
    dropped = [(first, last) for first, last in functions(lines) if wrong & set(range(first, last + 1))]
    for first, last in dropped:
        print(re.search(r"([\w:]+)\s*\(", lines[first]).group(1))
        lines[first : last + 1] = ["\n"] * (last + 1 - first)
    out.write_text("".join(lines))
    sys.exit(0 if dropped else 1)


main()
