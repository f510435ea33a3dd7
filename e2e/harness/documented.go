package harness

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var documented = regexp.MustCompile("(?s)<!-- e2e: (\\S+) -->\n```[a-z]+\n(.*?)```\n")

// Documented writes programs that a document of the repository shows into a folder,
// by the names that comments before them give: <!-- e2e: NAME -->.
func Documented(tb testing.TB, document, dir string, names ...string) {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(Root(), document))
	if err != nil {
		tb.Fatal(err)
	}
	programs := map[string][]byte{}
	for _, match := range documented.FindAllSubmatch(text, -1) {
		programs[string(match[1])] = match[2]
	}
	for _, name := range names {
		if programs[name] == nil {
			tb.Fatalf("%s has no %s", document, name)
		}
		if err := os.WriteFile(filepath.Join(dir, name), programs[name], 0o644); err != nil {
			tb.Fatal(err)
		}
	}
}
