#!/bin/sh
# Moves the project to another module path, wherever the present one stands: in
# sources, the go.mod of every module, build flags, lint settings, and in the links
# of documents and alerts. CHANGELOG.md stays: it says what was.
#
#   tools/module.sh example.com/platform/imds-probe
set -eu
cd "$(dirname "$0")/.."
OLD=$(go list -m)
NEW=${1:?which path? make module PATH=example.com/platform/imds-probe}
[ "$NEW" != "$OLD" ] || exit 0
go mod edit -module="$NEW" # refuses what cannot be a module path
export OLD NEW

grep -rlIF --exclude-dir=.git --exclude-dir=bin --exclude-dir=dist --exclude=CHANGELOG.md "$OLD" . |
	xargs -r perl -pi -e 's{\Q$ENV{OLD}\E(?![\w~-])}{$ENV{NEW}}g'
