package endurance_test

import (
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// eventually polls until a condition holds. The limit is for a stuck run only.
func eventually(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s within %v", what, limit)
		}
	}
}

// listening returns the address that a daemon serves on.
func listening(t *testing.T, p *harness.Process) string {
	t.Helper()
	e, _ := p.AwaitEvent(t, 0, 10*time.Second, "that it started", func(e harness.Event) bool { return e.Kind == "started" })
	return e.Listening[0]
}
