#!/bin/sh
# Builds the deb and rpm packages of all architectures, and SHA256SUMS, into
# dist/. The same commit and toolchain give the same bytes, wherever and whenever
# they are built.
#
#   deploy/package/build.sh
#   VERSION=1.2.3 ARCHS=arm64 deploy/package/build.sh
set -eu
umask 022
cd "$(dirname "$0")/../.."

dist=${DIST:-dist}
commit=$(git rev-parse --short=12 HEAD)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
date=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
tag=$(git describe --tags --exact-match --match 'v[0-9]*' 2>/dev/null || true)
# Without a tag, a version that is below every release.
VERSION=${VERSION:-${tag:+${tag#v}}}
VERSION=${VERSION:-0.0.0~git$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S).$commit}
commands=$(cd cmd && dirname -- */main.go)
export SOURCE_DATE_EPOCH VERSION CGO_ENABLED=0 LC_ALL=C

# build FOLDER ARCHITECTURE builds all commands.
build() {
	pkg=github.com/prometheus/common/version
	mkdir -p "$1"
	GOARCH=$2 go build -trimpath -buildvcs=false -o "$1/" \
		-ldflags "-s -w -buildid= -X $pkg.Version=$VERSION -X $pkg.Revision=$commit -X $pkg.BuildDate=$date" ./cmd/...
}

# manual COMMAND writes its manual page, which a test keeps up to date.
manual() {
	sed "1{s/@DATE@/${date%T*}/; s/@VERSION@/$VERSION/;}" "deploy/package/man/$1.1"
}

# licences COMMAND... writes the licence of every module that is linked in.
licences() {
	for c in "$@"; do
		go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' "./cmd/$c"
	done | sort -u | while read -r module version dir; do
		printf '==== %s %s\n\n' "$module" "$version"
		find "$dir" -maxdepth 1 -type f \( -iname 'LICEN[CS]E*' -o -iname 'COPYING*' -o -iname 'NOTICE*' \) | sort | xargs -d '\n' cat
		printf '\n'
	done
	printf '==== Go %s\n\n' "$(go env GOVERSION)"
	cat "$(go env GOROOT)/LICENSE"
}

# changelog writes a Debian changelog of this version.
changelog() {
	printf 'imds-probe (%s-1) unstable; urgency=medium\n\n  * See CHANGELOG.md of the project.\n\n -- %s  %s\n' \
		"$VERSION" "$(sed -n 's/^maintainer: //p' deploy/package/nfpm.yaml)" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")"
}

# stage lays out, in $1, what no architecture changes.
stage() {
	mkdir -p "$1/man" "$1/bash" "$1/zsh" "$1/fish"
	native=$(go env GOHOSTARCH)
	build "$1/native" "$native"
	for c in $commands; do
		manual "$c" | gzip -9n >"$1/man/$c.1.gz"
		"$1/native/$c" completion bash >"$1/bash/$c"
		"$1/native/$c" completion zsh >"$1/zsh/_$c"
		"$1/native/$c" completion fish >"$1/fish/$c.fish"
	done
	# shellcheck disable=SC2086 # a list of words
	licences $commands | gzip -9n >"$1/licences.gz"
	changelog | gzip -9n >"$1/changelog.gz"
	cp -R deploy/systemd/. deploy/package/scripts deploy/package/copyright deploy/package/lintian-overrides "$1/"
}

rm -rf "$dist"
mkdir -p "$dist"
dist=$(cd "$dist" && pwd)
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stage "$work"
go -C tools/nfpm build -o "$work/nfpm" github.com/goreleaser/nfpm/v2/cmd/nfpm
for ARCH in ${ARCHS:-amd64 arm64}; do
	export ARCH
	rm -rf "$work/bin"
	if [ "$ARCH" = "$native" ]; then
		cp -R "$work/native" "$work/bin"
	else
		build "$work/bin" "$ARCH"
	fi
	find "$work" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	for format in deb rpm; do
		(cd "$work" && ./nfpm package --config "$root/deploy/package/nfpm.yaml" --packager "$format" --target "$dist/")
	done
done
cd "$dist"
sha256sum ./*.deb ./*.rpm | sed 's# \./# #' >SHA256SUMS
ls -l
