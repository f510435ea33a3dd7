package clients_test

import (
	"context"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// imdsAddress is where clients ask by default.
const imdsAddress = "169.254.169.254:80"

// namespace is a network namespace that has IMDS's address, and no route out. It
// has no name: it is there for as long as its thread and what was started in it.
type namespace struct{ work chan func() }

func newNamespace(t *testing.T) namespace {
	t.Helper()
	harness.NeedRoot(t)
	ip := harness.NeedCommand(t, "ip", "iproute2")
	n := namespace{make(chan func())}
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		made <- unix.Unshare(unix.CLONE_NEWNET)
		for f := range n.work {
			f()
		}
	}()
	t.Cleanup(func() { close(n.work) })
	if err := <-made; err != nil {
		t.Fatalf("no network namespace: %v", err)
	}
	for _, args := range []string{"link set lo up", "addr add 169.254.169.254/32 dev lo"} {
		if out, err := n.output(exec.Command(ip, strings.Fields(args)...)); err != nil {
			t.Fatalf("ip %s: %v\n%s", args, err, out)
		}
	}
	return n
}

// do calls f on a thread of the namespace: the sockets and processes that it makes
// are in there.
func (n namespace) do(f func()) {
	done := make(chan struct{})
	n.work <- func() { defer close(done); f() }
	<-done
}

// output runs a command in the namespace, and returns what it prints.
func (n namespace) output(cmd *exec.Cmd) (string, error) {
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	var err error
	if n.do(func() { err = cmd.Start() }); err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return errs.String(), err
	}
	return out.String(), nil
}

// client is an HTTP client in the namespace. It follows no redirect, as SDKs do not,
// and leaves it to the server to close connections.
func (n namespace) client() *http.Client {
	return &http.Client{
		Timeout:       5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			IdleConnTimeout: time.Second,
			DialContext: func(ctx context.Context, network, address string) (conn net.Conn, err error) {
				n.do(func() { conn, err = (&net.Dialer{}).DialContext(ctx, network, address) })
				return conn, err
			},
		},
	}
}
