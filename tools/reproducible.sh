#!/bin/sh
# Builds the commands twice, from two copies of the last commit in two folders,
# and fails unless they are the same to the byte.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for copy in one another/place; do
	mkdir -p "$work/$copy"
	git archive HEAD | tar -x -C "$work/$copy"
	(cd "$work/$copy" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o "bin/" ./cmd/imds-probe)
	(cd "$work/$copy/bin" && sha256sum -- *)
done
cmp "$work/one/bin/imds-probe" "$work/another/place/bin/imds-probe"
echo "reproducible"
