package harness

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Section returns what stands in a document of docs/ between a line "<!-- begin:
// MADE -->", MADE being the command that writes it, and one "<!-- end -->", and how
// to put another text there.
func Section(tb testing.TB, document, made string) (text string, replace func(string)) {
	tb.Helper()
	path := filepath.Join(Root(), "docs", document)
	whole, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	begin, end := "<!-- begin: "+made+" -->\n", "<!-- end -->\n"
	before, rest, begins := strings.Cut(string(whole), begin)
	text, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		tb.Fatalf("%s has nothing between %q and %q", path, begin, end)
	}
	return text, func(other string) {
		if err := os.WriteFile(path, []byte(before+begin+other+end+after), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
}
