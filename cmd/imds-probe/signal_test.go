package main

import (
	"bytes"
	"context"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// TestSignals wants SIGHUP to be harmless, and SIGTERM to end the daemon with success
// while IMDS hangs: a daemon that waited for an answer would be killed long before it
// came.
func TestSignals(t *testing.T) {
	server, err := imdstest.Listen(imdstest.New(imdstest.MustFind("hang")), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	started := make(lineWatcher, 1)
	watchdog, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(watchdog, "imds-probe", "run", "--imds.endpoint="+server.URL(),
		"--web.listen-address=127.0.0.1:0", "--probe.timeout=5m", "--probe.interval=5m")
	cmd.Stderr = started
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
