package nspawn

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// Machine is a container that a real systemd has booted.
type Machine struct {
	Root string

	t      testing.TB
	net    *Network
	leader string // process id of its init, seen from outside
	nspawn *harness.Process
}

// Boot boots a root, and connects it with a network.
func Boot(t testing.TB, root string, n *Network) *Machine {
	t.Helper()
	harness.NeedRoot(t)
	m := &Machine{Root: root, t: t, net: n}
	m.boot()
	return m
}

func (m *Machine) boot() {
	m.t.Helper()
	nspawn := harness.NeedCommand(m.t, "systemd-nspawn", "systemd-container")
	m.t.Cleanup(m.end) // runs after nspawn was killed, and before the root is removed
	m.nspawn = harness.Start(m.t, nspawn, "--quiet", "--boot", "--register=no", "--keep-unit",
		"--private-network", "--link-journal=no", "--console=pipe",
		"--machine="+fmt.Sprintf("imds%d", os.Getpid()), "--directory="+m.Root)
	children := fmt.Sprintf("/proc/%d/task/%[1]d/children", m.nspawn.Cmd.Process.Pid)
	Eventually(m.t, "systemd is up", func() bool {
		data, _ := os.ReadFile(children) // for a moment it names a child that only makes the namespaces
		m.leader = strings.TrimSpace(string(data))
		out, _ := m.Command("systemctl", "is-system-running").Output()
		state := strings.TrimSpace(string(out))
		return state == "running" || state == "degraded"
	})
	m.net.connect(m)
}

// end kills the machine's init, and the kernel with it all that runs there: they
// would outlive nspawn.
func (m *Machine) end() {
	pid, err := strconv.Atoi(m.leader)
	if err != nil {
		return // it never came up
	}
	m.leader = "" // a reboot leaves two calls, and a pid may be given anew
	_ = syscall.Kill(pid, syscall.SIGKILL)
	Eventually(m.t, "the machine is gone", func() bool { return syscall.Kill(pid, 0) != nil })
}

// Reboot reboots the machine.
func (m *Machine) Reboot(t testing.TB) {
	t.Helper()
	m.Run(t, "systemctl", "reboot")
	m.nspawn.Wait(t, limit)
	m.boot()
}

// Command returns a command to be run inside.
func (m *Machine) Command(args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{
		"--target=" + m.leader, "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd",
		"env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8",
	}, args...)...)
}

// Run runs a command inside that must succeed, and returns what it printed.
func (m *Machine) Run(t testing.TB, args ...string) string {
	t.Helper()
	return Output(t, m.Command(args...))
}

// Show returns a property of a unit.
func (m *Machine) Show(t testing.TB, unit, property string) string {
	t.Helper()
	return m.Run(t, "systemctl", "show", "--value", "--property="+property, unit)
}

// Install puts a file of this machine into the container.
func (m *Machine) Install(t testing.TB, file, path string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m.Write(t, path, string(data))
}

// Write writes a file inside.
func (m *Machine) Write(t testing.TB, path, text string) {
	t.Helper()
	path = filepath.Join(m.Root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// limit is how long anything may take on a busy machine.
const limit = 2 * time.Minute

// Eventually waits until a condition holds.
func Eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(limit)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}
