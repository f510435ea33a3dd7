// Package clitest is what the tests of both commands have in common.
package clitest

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/cmd/internal/cli/manpage"
)

var update = flag.Bool("update", false, "write manual pages anew")

// ManualPage holds the page that the packages install to the command's flags.
func ManualPage(t *testing.T, root *cobra.Command, sections ...manpage.Section) {
	t.Helper()
	path := filepath.Join("../../deploy/package/man", root.Name()+".1")
	var page bytes.Buffer
	if err := manpage.Write(&page, root, sections...); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, page.Bytes(), 0o644); err != nil { //nolint:gosec // everybody may read it
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path) //nolint:gosec // a path of this repository
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), page.String()); diff != "" {
		t.Errorf("run make golden; -file +flags:\n%s", diff)
	}
}

// keeper finds, in what the linker tells, functions that look methods up by name.
var keeper = regexp.MustCompile(`(?m)^.* -> (\S+) <ReflectMethod>$`)

// DeadCodeIsLeftOut builds the command whose folder this is, and wants nothing in
// it to look methods up by name, by reflection, as text/template does. It would
// make the linker keep every exported method of all that is linked: with it
// iam-doctor, say, has four times the size.
func DeadCodeIsLeftOut(t *testing.T) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "command")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-dumpdep", "-o", binary, ".") //nolint:gosec // a path of the test's own
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte(" -> main.main")) {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, m := range keeper.FindAllSubmatch(out, -1) {
		t.Errorf("%s looks methods up by name", m[1])
	}
}

// DependsOnNone wants the package in the folder of the test to depend on none of the
// packages whose paths match.
func DependsOnNone(t *testing.T, paths *regexp.Regexp) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil || !bytes.Contains(out, []byte("imds-probe/probes\n")) {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, found := range paths.FindAll(out, -1) {
		t.Errorf("depends on %s", found)
	}
}
