package kernel_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// TestDocs wants the table of docs/firewalls.md to be what the other tests prove.
func TestDocs(t *testing.T) {
	t.Parallel()
	written, write := harness.Section(t, "firewalls.md", "go test ./kernel -run TestDocs -update")
	want := situationTable()
	if *update {
		write(want)
		return
	}
	if written != want {
		t.Errorf("the table of docs/firewalls.md is not what the tests prove (run with -update):\n%s", want)
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
