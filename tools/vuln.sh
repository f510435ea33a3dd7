#!/bin/sh
# Looks for known vulnerabilities in what the commands call. Where the database
# cannot be reached it says so and fails: nothing was looked at.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
(cd "$root/tools/vuln" && go build -o "$tool/govulncheck" golang.org/x/vuln/cmd/govulncheck) || exit 1
cd "$root" || exit 1
"$tool/govulncheck" ./... >"$tool/out" 2>&1
code=$?
cat "$tool/out"
if [ "$code" -ne 0 ] && [ "$code" -ne 3 ]; then
	echo "vuln: NOTHING WAS CHECKED: the vulnerability database could not be reached (or govulncheck failed); see above" >&2
fi
exit "$code"
