#!/usr/bin/env bash
# Runs what is too long for each change, part after part, whatever the others end
# like, and writes what came of it to docs/full-run.md. Other parts than all can be
# named, and another document in DOCUMENT.
set -uo pipefail
cd "$(dirname "$0")/.."
document=${DOCUMENT:-docs/full-run.md}
export E2E_FULL=1 # soak and the long matrices are parts of e2e
log=$(mktemp) rows=$(mktemp)
trap 'rm -f "$log" "$rows"' EXIT
commit=$(git describe --always --dirty)

status=0
read -ra parts <<<"${*:-lint test e2e mutate fuzz reproducible}"
for part in "${parts[@]}"; do
	SECONDS=0 word=pass
	make "$part" </dev/null 2>&1 | tee "$log" || word='**failed**' status=1
	# The last line that is not make's own.
	last=$(grep -v '^make' "$log" | grep . | tail -n 1 | tr '\t|' '  ' | cut -c 1-120)
	echo "| \`make $part\` | $word | $((SECONDS / 60)) min $((SECONDS % 60)) s | \`$last\` |" >>"$rows"
done

cat >"$document" <<EOF
# The last full run

<!-- Written by \`make ci-full\`. Do not edit. -->

$(date -u +%F), commit $commit, $(uname -sr), $(nproc) CPUs, $(go env GOVERSION), \`E2E_FULL=1\`.

| part | result | time | its last line |
|---|---|---|---|
$(cat "$rows")
EOF
exit $status
