package doctor_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/doctor"
)

func readDocs(t *testing.T) string {
	t.Helper()
	docs, err := os.ReadFile(filepath.Join("..", "docs", "iam-doctor.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(docs)
}

// TestDocsNameTests: every test that the documentation names exists, and every
// row of its table names one.
func TestDocsNameTests(t *testing.T) {
	var tests strings.Builder
	for _, pattern := range []string{"*_test.go", filepath.Join("..", "e2e", "doctor", "*_test.go")} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tests.Write(source)
		}
	}
	docs := readDocs(t)
	name := regexp.MustCompile(`\bTest[A-Z][A-Za-z]*\b`)
	for _, test := range name.FindAllString(docs, -1) {
		if !strings.Contains(tests.String(), "\nfunc "+test+"(") {
			t.Errorf("there is no %s", test)
		}
	}
	_, table, found := strings.Cut(docs, "| topic | point of the page |")
	table, _, ended := strings.Cut(table, "\n\n")
	rows := strings.Split(table, "\n")[2:]
	if !found || !ended || len(rows) < 20 {
		t.Fatalf("the table has %d rows", len(rows))
	}
	for _, row := range rows {
		cells := strings.Split(strings.Trim(row, "|"), "|")
		if len(cells) != 4 || !name.MatchString(cells[3]) {
			t.Errorf("open: %s", row)
			continue
		}
		for _, m := range regexp.MustCompile("`([a-z]+_[a-z_]+)`").FindAllStringSubmatch(cells[2], -1) {
			if _, known := doctor.Explain(doctor.Condition(m[1])); !known && !documentedReasons[m[1]] {
				t.Errorf("there is no condition %s: %s", m[1], row)
			}
		}
	}
}

// documentedReasons are the words of the table that are reasons or steps.
var documentedReasons = map[string]bool{
	"profile_not_found": true, "profile_recreated": true, "dry_run_without_profile": true,
}

// TestDocsShowRealOutput: the report in the documentation is the golden one.
func TestDocsShowRealOutput(t *testing.T) {
	want, err := os.ReadFile(filepath.Join("testdata", "no_role.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(readDocs(t), "```\n"+string(want)+"```\n") {
		t.Error("docs/iam-doctor.md does not hold testdata/no_role.txt")
	}
}
