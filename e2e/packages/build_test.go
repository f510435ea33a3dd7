package packages_test

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/e2e/nspawn"
)

const version = "1.2.3"

// architectures are the names that deb, rpm and ELF have for what is built.
var architectures = []struct {
	deb, rpm string
	machine  elf.Machine
}{
	{"amd64", "x86_64", elf.EM_X86_64},
	{"arm64", "aarch64", elf.EM_AARCH64},
}

// TestRelease builds all packages twice and looks at what comes out.
func TestRelease(t *testing.T) {
	dist := harness.BuildPackages(t, version, "")
	t.Run("reproducible", func(t *testing.T) { sameBytes(t, dist, harness.BuildPackages(t, version, "")) })
	t.Run("SHA256SUMS", func(t *testing.T) { sumsHold(t, dist) })
	t.Run("lintian", func(t *testing.T) {
		harness.NeedCommand(t, "lintian", "lintian")
		for _, a := range architectures {
			deb := harness.OnlyFile(t, filepath.Join(dist, "*_"+a.deb+".deb"))
			nspawn.Output(t, exec.Command("lintian", "--no-cfg", "--allow-root", "--fail-on=error,warning", deb))
		}
	})
	for _, a := range architectures {
		t.Run(a.deb, func(t *testing.T) {
			deb := harness.OnlyFile(t, filepath.Join(dist, "*_"+a.deb+".deb"))
			rpm := harness.OnlyFile(t, filepath.Join(dist, "*."+a.rpm+".rpm"))
			if got := nspawn.Output(t, exec.Command("dpkg-deb", "--field", deb, "Architecture")); got != a.deb {
				t.Errorf("the deb is for %s", got)
			}
			if got := nspawn.Output(t, exec.Command("rpm", "-qp", "--queryformat=%{ARCH}", rpm)); got != a.rpm {
				t.Errorf("the rpm is for %s", got)
			}
			nspawn.Output(t, exec.Command("rpm", "--checksig", rpm))
			fromDeb := unpackDeb(t, deb)
			sameTree(t, fromDeb, rpm)
			isStatic(t, filepath.Join(fromDeb, "usr/bin/imds-probe"), a.machine)
			readsWell(t, fromDeb)
			runs(t, filepath.Join(fromDeb, "usr/bin/imds-probe"), a.deb)
		})
	}
}

func sameBytes(t *testing.T, one, two string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(one, "*"))
	if err != nil || len(names) != 5 {
		t.Fatalf("want four packages and the sums, have %v: %v", names, err)
	}
	for _, name := range names {
		if !bytes.Equal(read(t, name), read(t, filepath.Join(two, filepath.Base(name)))) {
			t.Errorf("%s differs from build to build", filepath.Base(name))
		}
	}
}

func sumsHold(t *testing.T, dist string) {
	t.Helper()
	got := string(read(t, filepath.Join(dist, "SHA256SUMS")))
	var want strings.Builder
	for _, pattern := range []string{"*.deb", "*.rpm"} {
		names, _ := filepath.Glob(filepath.Join(dist, pattern))
		for _, name := range names {
			fmt.Fprintf(&want, "%x  %s\n", sha256.Sum256(read(t, name)), filepath.Base(name))
		}
	}
	if diff := cmp.Diff(want.String(), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func unpackDeb(t *testing.T, deb string) string {
	t.Helper()
	dir := t.TempDir()
	nspawn.Output(t, exec.Command("dpkg-deb", "--extract", deb, dir))
	return dir
}

// sameTree wants both formats to install the same, but for what only one needs.
func sameTree(t *testing.T, deb, rpm string) {
	t.Helper()
	ofDeb, ofRPM := tree(t, deb), map[string]string{}
	// Path, size, time, digest and more of each file.
	for line := range strings.Lines(nspawn.Output(t, exec.Command("rpm", "-qp", "--dump", rpm))) {
		fields := strings.Fields(line)
		ofRPM[strings.TrimPrefix(fields[0], "/")] = fields[3]
	}
	for _, path := range []string{"usr/share/doc/imds-probe/changelog.Debian.gz", "usr/share/lintian/overrides/imds-probe"} {
		if ofDeb[path] == "" {
			t.Errorf("the deb lacks %s", path)
		}
		delete(ofDeb, path)
	}
	for path, sum := range ofDeb {
		if name, found := strings.CutPrefix(path, "usr/share/zsh/vendor-completions/"); found {
			delete(ofDeb, path)
			ofDeb["usr/share/zsh/site-functions/"+name] = sum
		}
	}
	if diff := cmp.Diff(ofDeb, ofRPM); diff != "" {
		t.Errorf("-deb +rpm:\n%s", diff)
	}
}

// tree returns the sums of all files.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	for path := range strings.Lines(nspawn.Output(t, exec.Command("find", dir, "-type", "f"))) {
		path = strings.TrimSpace(path)
		name, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		sums[name] = fmt.Sprintf("%x", sha256.Sum256(read(t, path)))
	}
	return sums
}

func isStatic(t *testing.T, path string, machine elf.Machine) {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if file.Machine != machine {
		t.Errorf("the binary is for %v, want %v", file.Machine, machine)
	}
	if file.Section(".interp") != nil || file.Section(".dynamic") != nil {
		t.Error("the binary is linked dynamically")
	}
	if file.Section(".symtab") != nil {
		t.Error("the binary is not stripped")
	}
	if bytes.Contains(read(t, path), []byte(harness.Root()+"/cmd")) {
		t.Error("the binary tells where it was built")
	}
}

// readsWell wants a man page that man can show, and completions that complete.
func readsWell(t *testing.T, root string) {
	t.Helper()
	page := nspawn.Output(t, exec.Command("sh", "-c", `gzip -dc "$1"`, "sh", filepath.Join(root, "usr/share/man/man1/imds-probe.1.gz")))
	for _, want := range []string{".TH imds-probe 1 ", "imds-probe " + version, "imds\\-probe \\- ", "\\-\\-probe.interval", "\\-\\-state.file"} {
		if !strings.Contains(page, want) {
			t.Errorf("the man page lacks %q", want)
		}
	}
	licences := nspawn.Output(t, exec.Command("sh", "-c", `gzip -dc "$1"`, "sh", filepath.Join(root, "usr/share/doc/imds-probe/licences.gz")))
	for _, module := range []string{"github.com/aws/smithy-go", "github.com/prometheus/client_golang", "go.uber.org/zap", "Go go1."} {
		if !strings.Contains(licences, "==== "+module) {
			t.Errorf("the licence of %s is missing", module)
		}
	}
}

// runs runs the binary, by emulation where it is for another processor, and
// lets it complete its own flags as the shells' completions do.
func runs(t *testing.T, binary, arch string) {
	t.Helper()
	run := func(args ...string) string {
		t.Helper()
		if arch == "arm64" {
			args = append([]string{harness.NeedCommand(t, "qemu-aarch64-static", "qemu-user-static"), binary}, args...)
		} else {
			args = append([]string{binary}, args...)
		}
		return nspawn.Output(t, exec.Command(args[0], args[1:]...))
	}
	if out := run("--version"); !strings.Contains(out, "version "+version) || !strings.Contains(out, "linux/"+arch) {
		t.Errorf("--version: %s", out)
	}
	if out := run("__complete", "run", "--probe.i"); !strings.Contains(out, "--probe.interval") {
		t.Errorf("completions: %s", out)
	}
	endpoint := harness.Simulate(t, "healthy")
	if out := run("check", "--imds.endpoint="+endpoint); !strings.Contains(out, "ealthy") {
		t.Errorf("check: %s", out)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
