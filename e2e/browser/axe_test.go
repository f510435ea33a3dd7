package browser_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// axe returns the source of axe-core in the version of package.json. npm fetches
// it once for each version, into the user's cache.
func axe(t *testing.T) string {
	t.Helper()
	var manifest struct{ Dependencies map[string]string }
	text, err := os.ReadFile("package.json")
	if err == nil {
		err = json.Unmarshal(text, &manifest)
	}
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	wanted := "axe-core@" + manifest.Dependencies["axe-core"]
	dir := filepath.Join(cache, "imds-probe", wanted)
	file := filepath.Join(dir, "node_modules", "axe-core", "axe.min.js")
	if _, err := os.Stat(file); err != nil {
		npm := exec.CommandContext(t.Context(), harness.NeedCommand(t, "npm", "npm"), "install", "--prefix="+dir,
			"--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", wanted)
		if out, err := npm.CombinedOutput(); err != nil {
			t.Fatalf("%v: npm cannot fetch %s: %v\n%s", npm, wanted, err, out)
		}
	}
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// wantAccessible wants that axe finds nothing, be it serious or not.
func (b *tab) wantAccessible(t testing.TB, axe string) {
	t.Helper()
	type violation struct {
		ID, Impact, Help string
		Nodes            []struct {
			HTML           string
			FailureSummary string
		}
	}
	found := eval[[]violation](t, b, axe+`;
axe.run(document, {resultTypes: ["violations"]}).then((r) => r.violations)`)
	for _, v := range found {
		var nodes []string
		for _, n := range v.Nodes {
			nodes = append(nodes, n.HTML+"\n"+n.FailureSummary)
		}
		t.Error(fmt.Sprintf("axe: %s (%s): %s\n", v.ID, v.Impact, v.Help) + strings.Join(nodes, "\n"))
	}
}
