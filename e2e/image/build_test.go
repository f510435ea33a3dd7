package image_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/e2e/nspawn"
)

// store is a place for images that only one test knows.
type store struct {
	dir, policy string
}

func newStore(t *testing.T) store {
	t.Helper()
	harness.NeedRoot(t)
	harness.NeedCommand(t, "buildah", "buildah")
	dir := t.TempDir()
	s := store{dir: dir, policy: filepath.Join(dir, "policy.json")}
	if err := os.WriteFile(s.policy, []byte(`{"default": [{"type": "insecureAcceptAnything"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// buildah runs buildah on the store, and returns what it printed.
func (s store) buildah(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("buildah", append([]string{
		"--root", filepath.Join(s.dir, "root"), "--runroot", filepath.Join(s.dir, "run"), "--storage-driver=vfs",
	}, args...)...)
	var stderr strings.Builder
	cmd.Dir, cmd.Stderr = harness.Root(), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// golang makes an image of this machine's Go toolchain, under the name that the
// Dockerfile builds from: nothing is pulled here.
func (s store) golang(t *testing.T, name string) {
	t.Helper()
	base := s.buildah(t, "from", "scratch")
	s.buildah(t, "copy", base, harness.NeedCommand(t, "busybox", "busybox-static"), "/bin/sh")
	s.buildah(t, "copy", base, goEnv(t, "GOROOT"), "/usr/local/go")
	s.buildah(t, "run", "--isolation=chroot", base, "/bin/sh", "-c", "mkdir -m 1777 /tmp")
	s.buildah(t, "config", "--env=PATH=/usr/local/go/bin:/bin", "--env=GOPATH=/go", "--env=GOTOOLCHAIN=local", base)
	s.buildah(t, "commit", "--rm", "--signature-policy="+s.policy, base, name)
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	return nspawn.Output(t, exec.Command("go", "env", name))
}

// build builds the Dockerfile unchanged, with this machine's module and build
// caches.
func (s store) build(t *testing.T) (image string) {
	t.Helper()
	dockerfile, err := os.ReadFile(filepath.Join(harness.Root(), "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	from := regexp.MustCompile(`(?m)^FROM (\S+:[0-9.]+) AS build$`).FindSubmatch(dockerfile)
	if from == nil {
		t.Fatal("the Dockerfile does not pin what it builds with")
	}
	s.golang(t, string(from[1]))
	download := exec.Command("go", "mod", "download")
	download.Dir = harness.Root()
	nspawn.Output(t, download)
	return s.buildah(t, "build", "--quiet", "--pull-never", "--isolation=chroot", "--format=docker", "--signature-policy="+s.policy,
		"--volume="+goEnv(t, "GOMODCACHE")+":/go/pkg/mod", "--volume="+goEnv(t, "GOCACHE")+":/root/.cache/go-build",
		"--build-arg=VERSION=1.2.3", "--tag=imds-probe", ".")
}

// config is the part of an image's configuration that the tests look at.
type config struct {
	Docker struct {
		Config struct {
			User        string
			Entrypoint  []string
			Cmd         []string
			Healthcheck struct{ Test []string }
		} `json:"config"`
	}
}

func (s store) inspect(t *testing.T, image string) (c config) {
	t.Helper()
	out := s.buildah(t, "inspect", "--type=image", image)
	if err := json.Unmarshal([]byte(out), &c); err != nil {
		t.Fatal(err)
	}
	return c
}
