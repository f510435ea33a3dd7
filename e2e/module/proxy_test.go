package module_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// release is the working tree, as a version of the module on a proxy of its own,
// beside an empty module cache.
type release struct {
	module.Version
	environ []string
	bin     string
}

// newRelease puts what git would commit onto a proxy of files.
func newRelease(t *testing.T, version string) release {
	t.Helper()
	root := harness.Root()
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	v := module.Version{Path: modfile.ModulePath(mod), Version: version}
	var archive bytes.Buffer
	if err := zip.Create(&archive, v, zipped(tracked(t, root))); err != nil {
		t.Fatal(err)
	}
	escaped, err := module.EscapePath(v.Path)
	if err != nil {
		t.Fatal(err)
	}
	proxy := t.TempDir()
	dir := filepath.Join(proxy, escaped, "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"list":            []byte(version + "\n"),
		version + ".info": []byte(`{"Version":"` + version + `"}`),
		version + ".mod":  mod,
		version + ".zip":  archive.Bytes(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bin := t.TempDir()
	return release{v, environ(t, v.Path, proxy, bin), bin}
}

// environ lets the go command find the module on the proxy alone, and all others
// where it finds them on this machine: what is in its cache is not fetched again,
// and, with -trimpath, not built again either.
func environ(t *testing.T, path, proxy, bin string) []string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	cache, rest, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return append(os.Environ(),
		"GOPROXY=file://"+proxy+",file://"+filepath.Join(cache, "cache", "download")+","+rest,
		"GONOSUMDB="+path,
		"GOFLAGS=-mod=mod -modcacherw -trimpath",
		"GOWORK=off",
		"GOMODCACHE="+t.TempDir(),
		"GOBIN="+bin)
}

// run runs the go command in a folder.
func (r release) run(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = dir, r.environ
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// tracked lists the files of the working tree that git knows or would add.
func tracked(t *testing.T, root string) (files []file) {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if info, err := os.Lstat(filepath.Join(root, path)); err == nil && info.Mode().IsRegular() {
			files = append(files, file{root, path})
		}
	}
	return files
}

func zipped(files []file) (all []zip.File) {
	for _, f := range files {
		all = append(all, f)
	}
	return all
}

// file is a file of the repository, by its path with slashes.
type file struct{ root, path string }

// Path implements [zip.File].
func (f file) Path() string { return f.path }

// Lstat implements [zip.File].
func (f file) Lstat() (os.FileInfo, error) { return os.Lstat(filepath.Join(f.root, f.path)) }

// Open implements [zip.File].
func (f file) Open() (io.ReadCloser, error) { return os.Open(filepath.Join(f.root, f.path)) }
