package docs_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/probes"
)

var update = flag.Bool("update", false, "write the generated documents anew")

// TestRunbook writes docs/runbook.md from the catalogue, or compares it.
func TestRunbook(t *testing.T) {
	got := runbook()
	if *update {
		if err := os.WriteFile("runbook.md", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile("runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/runbook.md is stale (make docs writes it anew); -want +got:\n%s", diff)
	}
}

func runbook() string {
	var b strings.Builder
	b.WriteString("# Runbook\n\n<!-- Written by `make docs` from the catalogue in probes/catalogue.go. Do not edit. -->\n\n")
	b.WriteString("Every condition that imds-probe names: what it means, what points to it, and how to mend it.\n")
	b.WriteString("`imds-probe explain CONDITION` prints the same on the instance. In commands, replace the words in capitals.\n\n")
	b.WriteString("| condition | severity | title |\n|---|---|---|\n")
	for _, c := range probes.Conditions() {
		e := probes.Explain(c)
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s |\n", c, c, e.Severity, e.Title)
	}
	for _, c := range probes.Conditions() {
		writeEntry(&b, probes.Explain(c))
	}
	return b.String()
}

func writeEntry(b *strings.Builder, e probes.Entry) {
	fmt.Fprintf(b, "\n## %s\n\n**%s** (%s)\n\n%s\n", e.Condition, e.Title, e.Severity, e.Meaning)
	b.WriteString("\n| reason | what it points to |\n|---|---|\n")
	for _, f := range e.Faces {
		fmt.Fprintf(b, "| `%s` | %s |\n", f.Reason, f.Meaning)
	}
	if len(e.Remedy) > 0 {
		b.WriteString("\nWhat to do:\n\n")
	}
	for i, s := range e.Remedy {
		fmt.Fprintf(b, "%d. %s.\n", i+1, s.Text)
		if s.Command != "" {
			fmt.Fprintf(b, "   ```sh\n   %s\n   ```\n", s.Command)
		}
	}
	fmt.Fprintf(b, "\nAWS documentation: <%s>\n", e.Doc)
}

// TestREADMEConditions wants README's table of conditions to be the catalogue's.
func TestREADMEConditions(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([^|]+) \\| ([^|]+) \\|$")
	var got []string
	for _, m := range row.FindAllStringSubmatch(string(readme), -1) {
		got = append(got, strings.Join(m[1:], " | "))
	}
	var want []string
	for _, c := range probes.Conditions() {
		e := probes.Explain(c)
		want = append(want, fmt.Sprintf("%s | %s | %s", c, e.Severity, e.Title))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
