package endurance_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// muted is a daemon whose standard error is a pipe of the test's own, and the IMDS
// that it asks.
type muted struct {
	cmd       *exec.Cmd
	simulator *imdstest.Simulator
	textfile  string
	stderr    *os.File // the end that is read
	ended     chan error
}

// startMuted starts a daemon, and waits for its first verdict.
func startMuted(t *testing.T, ignoring string) *muted {
	t.Helper()
	m := &muted{simulator: imdstest.New(imdstest.MustFind("healthy")), textfile: filepath.Join(t.TempDir(), "imds.prom"), ended: make(chan error, 1)}
	server, err := imdstest.Listen(m.simulator, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = read.Close() })
	m.stderr = read
	m.cmd = exec.Command("sh", "-c", ignoring+plainly, harness.Build(t, "imds-probe"), "run", "--imds.endpoint="+server.URL(), "--probe.interval=1s",
		"--web.listen-address=127.0.0.1:0", "--no-probe.hop-limit", "--textfile.path="+m.textfile, "--log.level=debug")
	m.cmd.Stderr = write
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	go func() { m.ended <- m.cmd.Wait() }()
	t.Cleanup(func() { _ = m.cmd.Process.Kill() })
	m.await(t, `imds_condition{condition="healthy",vantage="host"} 1`)
	return m
}

// await waits until the textfile has a line that begins so.
func (m *muted) await(t *testing.T, line string) {
	t.Helper()
	eventually(t, 30*time.Second, line, func() bool {
		text, _ := os.ReadFile(m.textfile)
		return strings.Contains("\n"+string(text), "\n"+line)
	})
}

// stop wants SIGTERM to end the daemon soon, and with success.
func (m *muted) stop(t *testing.T) {
	t.Helper()
	_ = m.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-m.ended:
		if err != nil {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("SIGTERM does not end it")
	}
}

// TestStandardErrorGone closes the end of standard error that is read, and wants the
// event that follows to be told by all other ways, whoever ignores SIGPIPE.
func TestStandardErrorGone(t *testing.T) {
	for name, ignoring := range map[string]string{"": "", "ignored by the parent": "trap '' PIPE; "} {
		t.Run("SIGPIPE "+name, func(t *testing.T) {
			m := startMuted(t, ignoring)
			_ = m.stderr.Close()
			m.simulator.Set(imdstest.MustFind("no_role"))
			m.await(t, `imds_condition{condition="no_role",vantage="host"} 1`)
			if text := readFile(t, m.textfile); strings.Contains(text, "imds_probe_log_lines_dropped_total 0\n") {
				t.Error("no line was counted as dropped")
			}
			m.stop(t)
		})
	}
}

// TestStandardErrorStuck fills the pipe that nobody reads, and wants rounds, events and
// the end to go on.
func TestStandardErrorStuck(t *testing.T) {
	m := startMuted(t, "")
	// The smallest pipe there is: a page, which a few lines fill.
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, m.stderr.Fd(), syscall.F_SETPIPE_SZ, 4096); errno != 0 {
		t.Fatal(errno)
	}
	for i, scenario := range []string{"no_role", "healthy", "throttled_503", "healthy", "no_role", "healthy"} {
		sc := imdstest.MustFind(scenario)
		sc.Before = 0
		m.simulator.Set(sc)
		m.await(t, fmt.Sprintf(`imds_condition_transitions_total{vantage="host"} %d`, i+2))
	}
	m.stop(t)
}

// TestSystemdStuck lets nobody read the socket on which systemd is told of each round,
// and wants rounds and the end to go on.
func TestSystemdStuck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	fill, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer fill.Close()
	for err == nil { // until it takes no more
		_ = fill.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		_, err = fill.Write([]byte("STATUS=full"))
	}
	p, address := startDaemon(t, "export NOTIFY_SOCKET="+path+"; "+plainly)
	eventually(t, 10*time.Second, "healthy verdict", isHealthy(t, address))
	awaitRoundsOf(t, address)
	if err := p.Stop(t, 10*time.Second); err != nil {
		t.Error(err)
	}
}

// TestVantageNotThereYet starts a daemon for a namespace and a user that are not there,
// as after a reboot, and wants the host to be watched, and the namespace once it comes.
func TestVantageNotThereYet(t *testing.T) {
	harness.NeedRoot(t)
	name := fmt.Sprintf("imds-probe-test-%d", os.Getpid())
	_, address := startDaemon(t, plainly, "--vantage=host", "--vantage=netns:/run/netns/"+name, "--vantage=user:no-such-user")
	shows := func(line string) func() bool {
		return func() bool { return strings.Contains(harness.Get(t, "http://"+address+"/metrics"), line) }
	}
	gone := fmt.Sprintf(`imds_condition{condition="unknown",vantage="netns:/run/netns/%s"} 1`, name)
	eventually(t, 10*time.Second, "verdict on the host", isHealthy(t, address))
	eventually(t, 10*time.Second, "readiness", func() bool { return harness.Get(t, "http://"+address+"/-/ready") != "" })
	for _, line := range []string{gone, `imds_condition{condition="unknown",vantage="user:no-such-user"} 1`} {
		if !shows(line)() {
			t.Errorf("no %s", line)
		}
	}
	if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "delete", name).Run() })
	// Its loopback is down, and the simulator is not in it.
	eventually(t, 20*time.Second, "verdict on the namespace", shows(fmt.Sprintf(`imds_condition{condition="firewall_blocked",vantage="netns:/run/netns/%s"} 1`, name)))
}

// TestStateFileIsNone gives what is no state file, each of which must be left as it is,
// and none of which may keep the daemon from its verdict.
func TestStateFileIsNone(t *testing.T) {
	dir := t.TempDir()
	put := map[string]func(path string) error{
		"fifo":    func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"folder":  func(path string) error { return os.Mkdir(path, 0o700) },
		"foreign": func(path string) error { return os.WriteFile(path, []byte("root:x:0:0\n"), 0o600) },
		"device":  func(path string) error { return os.Symlink("/dev/zero", path) },
	}
	for name, make := range put {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name)
			if err := make(path); err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			p, address := startDaemon(t, plainly, "--state.file="+path)
			eventually(t, 10*time.Second, "healthy verdict", isHealthy(t, address))
			if err := p.Stop(t, 10*time.Second); err != nil {
				t.Error(err)
			}
			after, err := os.Lstat(path)
			if err != nil || !os.SameFile(before, after) || after.Mode() != before.Mode() {
				t.Errorf("%v before, %v after: %v", before, after, err)
			}
			if _, err := os.Lstat(path + ".bad"); err == nil {
				t.Error("set aside")
			}
		})
	}
}

// TestSocketThatDoesNotListen passes, as systemd would, sockets that are no listeners.
// Each must be refused in a line, and systemd's next try be worth it.
func TestSocketThatDoesNotListen(t *testing.T) {
	datagrams, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	connected, err := net.DialTCP("tcp", nil, listener.Addr().(*net.TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	for name, socket := range map[string]interface{ File() (*os.File, error) }{"datagrams": datagrams, "connected": connected} {
		t.Run(name, func(t *testing.T) {
			file, err := socket.File()
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, "sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 "+plainly, harness.Build(t, "imds-probe"),
				"run", "--imds.endpoint=http://127.0.0.1:1", "--web.systemd-socket")
			cmd.ExtraFiles = []*os.File{file}
			out, err := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(out), "no listener") || strings.Count(string(out), "\n") != 1 {
				t.Errorf("exit code %d (%v):\n%s", code, err, out)
			}
		})
	}
}
