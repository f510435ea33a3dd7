package endurance_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

var update = flag.Bool("update", false, "write what was measured into docs/reliability.md")

const (
	tableBegin = "<!-- begin: cd e2e && E2E_FULL=1 go test ./endurance -run TestAttacks -update -->\n"
	tableEnd   = "<!-- end -->\n"
)

func document() string { return filepath.Join(harness.Root(), "docs", "reliability.md") }

// cutTable cuts the document into what is before, in and behind the table of attacks.
func cutTable(t *testing.T) (before, table, after string) {
	t.Helper()
	before, rest, hasBegin := strings.Cut(readFile(t, document()), tableBegin)
	table, after, hasEnd := strings.Cut(rest, tableEnd)
	if !hasBegin || !hasEnd {
		t.Fatalf("%s has no table", document())
	}
	return before, table, after
}

// writeTable writes rows of a table in Markdown into the document.
func writeTable(t *testing.T, rows []string) {
	t.Helper()
	before, _, after := cutTable(t)
	var b strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s |\n", row)
	}
	fmt.Fprintf(&b, "\nMeasured on %s, %v each, a round every %v.\n", time.Now().UTC().Format(time.DateOnly), attackTime(), attackedInterval)
	if err := os.WriteFile(document(), []byte(before+tableBegin+b.String()+tableEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestAttacksAreDocumented wants the document to have a row for each attack. Its figures
// are those of one run.
func TestAttacksAreDocumented(t *testing.T) {
	_, table, _ := cutTable(t)
	for _, a := range attacks() {
		if !strings.Contains(table, fmt.Sprintf("| %s | %d |", a.name, a.clients)) {
			t.Errorf("no row for %q: run with -update", a.name)
		}
	}
}
