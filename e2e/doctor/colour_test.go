package doctor_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// onTerminal runs the binary with its standard output on a pseudo-terminal and
// returns what appears there.
func onTerminal(t *testing.T, environment []string, args ...string) string {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), shared.binary, args...)
	command.Env, command.Stdout = environment, slave
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	var shown bytes.Buffer
	_, _ = io.Copy(&shown, master) // ends with EIO once the other side is closed
	_ = command.Wait()
	return shown.String()
}

func TestColourOnTerminal(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	args := []string{"instance", f.instance, "--endpoint-url=" + shared.endpoint}
	for setting, coloured := range map[string]bool{"TERM=xterm": true, "TERM=dumb": false, "NO_COLOR=1": false} {
		shown := onTerminal(t, env(t, shared.admin.keys, "us-east-1", setting), args...)
		if !bytes.Contains([]byte(shown), []byte("no_fault_found")) || bytes.Contains([]byte(shown), []byte("\x1b[")) != coloured {
			t.Errorf("%s: colour %t:\n%q", setting, !coloured, shown)
		}
	}
}
