#!/usr/bin/env bash
# Runs every fuzz target, or those that are named, for FUZZTIME: a time as 30s, or
# a number of executions as 10000000x.
#
# go test -fuzz instruments all that a test links, and the bookkeeping of each
# execution grows with that: TLS, protobuf and the rest are most of it. Here only
# our own packages are instrumented, which is some ten times faster.
#
# What is found stays as a seed in testdata/fuzz of the package, to be committed.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/imds-probe}/fuzz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

grep -rhoE '^func Fuzz[A-Za-z0-9]+' --include='*_test.go' agent cmd doctor probes | sort | sed 's/func //' >"$work/all"
for target in "${@:-$(cat "$work/all")}"; do printf '%s\n' $target; done | while read -r target; do
	package=$(dirname "$(grep -rlE "^func $target\\(" --include='*_test.go' agent cmd doctor probes)")
	echo "== $package $target"
	binary=$work/${package//\//-}.test
	[ -e "$binary" ] || go test -c -gcflags='github.com/imds-probe/imds-probe/...=-d=libfuzzer' -o "$binary" "./$package"
	(cd "$package" && "$binary" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "${FUZZTIME:-30s}" \
		-test.fuzzminimizetime 10x -test.fuzzcachedir "$cache/$target" ${FUZZFLAGS:-})
done
