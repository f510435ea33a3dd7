package main

import (
	"bytes"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// TestSignals wants SIGHUP to be harmless, and SIGTERM to end the daemon with
// success while IMDS hangs; a watchdog of the test fails it after 10 s.
func TestSignals(t *testing.T) {
	server, err := imdstest.Listen(imdstest.New(imdstest.MustFind("hang")), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	started := make(lineWatcher, 1)
	cmd := exec.CommandContext(t.Context(), "imds-probe", "run", "--imds.endpoint="+server.URL(),
		"--web.listen-address=127.0.0.1:0", "--probe.timeout=20s")
	cmd.Stderr = started
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-started
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGHUP, syscall.SIGTERM} {
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
}

// lineWatcher passes on that the daemon has started.
type lineWatcher chan struct{}

func (w lineWatcher) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(`"event":"started"`)) {
		select {
		case w <- struct{}{}:
		default:
		}
	}
	return len(p), nil
}
