package wire_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// TestThreadsOfOthersEnd wants a thread to end when it could not get its own
// identity back, and to go on when it could.
func TestThreadsOfOthersEnd(t *testing.T) {
	for name, back := range map[string]error{"kept": nil, "ended": errors.New("no way back")} {
		t.Run(name, func(t *testing.T) {
			tid := threadThatLeft(t, back)
			for back != nil && tid == os.Getpid() { // the main thread cannot end: Go parks it for ever
				tid = threadThatLeft(t, back)
			}
			if back != nil {
				awaitThreadEnd(t, tid)
			} else if !threadExists(tid) {
				t.Errorf("thread %d ended although it had its identity back", tid)
			}
		})
	}
}

// threadThatLeft returns the thread that ran as another, and left that so.
func threadThatLeft(t *testing.T, left error) (tid int) {
	t.Helper()
	err := wire.OnThread(
		func() (func() error, error) {
			tid = unix.Gettid()
			return func() error { return left }, nil
		},
		func() {},
	)
	if err != nil {
		t.Fatal(err)
	}
	return tid
}

// TestThreadThatDidNotEnter wants f not to be run on a thread that is not where
// it should be.
func TestThreadThatDidNotEnter(t *testing.T) {
	denied := errors.New("denied")
	err := wire.OnThread(
		func() (func() error, error) { return nil, denied },
		func() { t.Error("f was run") },
	)
	if !errors.Is(err, denied) {
		t.Errorf("got %v", err)
	}
}

func threadExists(tid int) bool {
	_, err := os.Stat(filepath.Join("/proc/self/task", fmt.Sprint(tid)))
	return err == nil
}

// awaitThreadEnd waits, without a limit of its own: a thread that stays lets the
// test run into go test's.
func awaitThreadEnd(t *testing.T, tid int) {
	t.Helper()
	watchdog, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for threadExists(tid) {
		if watchdog.Err() != nil {
			t.Fatalf("thread %d is still there", tid)
		}
		runtime.Gosched()
	}
}

// TestVantagesThatDoNotExist wants what is not there to be a vantage all the same, since
// containers come and go, and each look from it to say that it is gone.
func TestVantagesThatDoNotExist(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"user:no-such-user", "netns:" + file + "-none", "netns:" + file, "netns:" + t.TempDir(), "netns:/proc/self/ns/mnt",
	} {
		vantage, err := wire.ParseVantage(name)
		if err == nil {
			_, err = vantage.Dial(t.Context(), "tcp", "127.0.0.1:1")
		}
		switch {
		case errors.Is(err, wire.ErrVantageDenied):
			assertDenied(t, err)
		case !errors.Is(err, wire.ErrVantageGone):
			t.Errorf("%s: %v", name, err)
		}
	}
}

// assertDenied wants an error to name a capability and what grants it.
func assertDenied(t *testing.T, err error) {
	t.Helper()
	for _, part := range []string{"CAP_S", "deploy/systemd/imds-probe.service.d/vantage-"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %s", err, part)
		}
	}
}

// TestNoDescriptorsLeft wants a host that is out of descriptors not to be taken for a
// vantage that is gone.
func TestNoDescriptorsLeft(t *testing.T) {
	if os.Getenv("NO_DESCRIPTORS") == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoDescriptorsLeft$")
		cmd.Env = append(os.Environ(), "NO_DESCRIPTORS=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	var all []wire.Vantage
	for _, name := range []string{"user:daemon", "netns:/proc/self/ns/net"} {
		v, err := wire.ParseVantage(name)
		if err != nil && !errors.Is(err, wire.ErrVantageDenied) {
			t.Fatal(err)
		}
		if v != nil {
			all = append(all, v)
		}
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: 3}); err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		_, err := v.Dial(t.Context(), "tcp", "127.0.0.1:1")
		if reason, _ := wire.FaultOf(err, wire.PhaseConnect); reason != probes.ReasonLocalError || errors.Is(err, wire.ErrVantageGone) {
			t.Errorf("%s: %v is %v", v.Name(), err, reason)
		}
	}
}
