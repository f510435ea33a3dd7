package image_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/e2e/nspawn"
)

// maxOverhead is how much larger than the binary the image may be.
const maxOverhead = 2 << 20

const limit = time.Minute

func TestImage(t *testing.T) {
	s := newStore(t)
	image := s.build(t)
	c := s.inspect(t, image).Docker.Config
	if diff := cmp.Diff([]string{"/imds-probe", "run"}, append(c.Entrypoint, c.Cmd...)); diff != "" {
		t.Errorf("the command: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"CMD", "/imds-probe", "healthcheck"}, c.Healthcheck.Test); diff != "" {
		t.Errorf("the health check: -want +got:\n%s", diff)
	}
	if c.User != "65532:65532" {
		t.Errorf("the user: %q", c.User)
	}
	container := s.buildah(t, "from", "--pull-never", image)
	root := s.buildah(t, "mount", container)
	t.Cleanup(func() { s.buildah(t, "umount", container) })
	t.Run("content", func(t *testing.T) { holdsOneProgram(t, root) })
	t.Run("run", func(t *testing.T) { runsAsAUser(t, root, append(c.Entrypoint, c.Cmd...), c.Healthcheck.Test[1:]) })
}

func holdsOneProgram(t *testing.T, root string) {
	t.Helper()
	var binary, total int64
	var files []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		total += info.Size()
		if name := strings.TrimPrefix(path, root); name == "/imds-probe" {
			binary = info.Size()
		} else {
			files = append(files, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/LICENSE"}, files); diff != "" {
		t.Errorf("beside the program: -want +got:\n%s", diff)
	}
	if binary == 0 || total > binary+maxOverhead {
		t.Errorf("the image has %d bytes, the binary %d", total, binary)
	}
}

// runsAsAUser runs the image's commands in its root and as its user, in a
// network in which IMDS answers at its own address.
func runsAsAUser(t *testing.T, root string, command, healthcheck []string) {
	t.Helper()
	network := nspawn.NewNetwork(t)
	network.Simulate(t, "healthy")
	inside := func(args []string) *exec.Cmd {
		return network.Command(append([]string{"chroot", "--userspec=65532:65532", root}, args...)...)
	}
	if out, err := inside(healthcheck).CombinedOutput(); err == nil {
		t.Errorf("without a daemon the health check succeeds: %s", out)
	}
	daemon := harness.StartCmd(t, inside(command))
	daemon.AwaitText(t, `"to":"healthy"`, limit)
	if out, err := inside(healthcheck).CombinedOutput(); err != nil {
		t.Errorf("the health check: %v: %s", err, out)
	}
	network.Simulate(t, "imds_disabled")
	daemon.AwaitText(t, `"to":"imds_disabled"`, limit)
	if out, err := inside(healthcheck).CombinedOutput(); err != nil {
		t.Errorf("with IMDS disabled the health check fails, and the only witness is restarted: %v: %s", err, out)
	}
	// ip and chroot execute what they are given, so that the process is the daemon.
	uids := uidLine(t, daemon.Cmd.Process.Pid)
	if want := []string{"Uid:", "65532", "65532", "65532", "65532"}; !slices.Equal(uids, want) {
		t.Errorf("the daemon runs as %v", uids)
	}
}

func uidLine(t *testing.T, pid int) []string {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "Uid:") {
			return strings.Fields(line)
		}
	}
	return nil
}
