package kernel_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

const (
	tableBegin = "<!-- begin: go test ./kernel -run TestDocs -update -->\n"
	tableEnd   = "<!-- end -->\n"
)

// TestDocs wants the table of docs/firewalls.md to be what the other tests prove.
func TestDocs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(harness.Root(), "docs", "firewalls.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, hasBegin := strings.Cut(string(text), tableBegin)
	table, after, hasEnd := strings.Cut(rest, tableEnd)
	if !hasBegin || !hasEnd {
		t.Fatalf("%s has no table", path)
	}
	want := situationTable()
	if *update {
		if err := os.WriteFile(path, []byte(before+tableBegin+want+tableEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if table != want {
		t.Errorf("the table of %s is not what the tests prove (run with -update):\n%s", path, want)
	}
}

// situationTable writes all situations as a table in Markdown.
func situationTable() string {
	var b strings.Builder
	b.WriteString("| situation | over IPv4 | over IPv6 | phase | condition |\n|---|---|---|---|---|\n")
	for _, list := range [][]situation{hostSituations(), waySituations(), openSituations()} {
		for _, s := range list {
			some := s.seen[ipv4]
			if some == (sight{}) {
				some = s.seen[ipv6]
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | `%s` |\n", s.name, s.seen[ipv4].cell(), s.seen[ipv6].cell(), some.phase, some.Condition)
		}
	}
	return b.String()
}

// cell is a sight in a table.
func (s sight) cell() string {
	switch {
	case s == (sight{}):
		return "not affected"
	case s.errno == "":
		return fmt.Sprintf("silence → `%s`", s.Reason)
	case s.late == atRetransmit:
		return fmt.Sprintf("`%s`¹ → `%s`", s.errno, s.Reason)
	}
	return fmt.Sprintf("`%s` → `%s`", s.errno, s.Reason)
}
