package clients_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// TestLoad wants the command to answer 200 requests at once, and not to grow over
// 100,000 in a row (10,000 in the short run), a tenth of which are for tokens.
func TestLoad(t *testing.T) {
	n := newNamespace(t)
	var p *harness.Process
	n.do(func() {
		p = harness.StartCmd(t, exec.Command(harness.Build(t, "imds-probe"), "simulate", "--v1", "--listen="+imdsAddress))
	})
	p.AwaitText(t, "http://", 10*time.Second)
	ask := requester(n)

	var all sync.WaitGroup
	failed := make(chan error, 200)
	for range cap(failed) {
		all.Go(func() { failed <- ask(http.MethodGet, "/latest/meta-data/iam/security-credentials/app") })
	}
	all.Wait()
	close(failed)
	for err := range failed {
		if err != nil {
			t.Errorf("of 200 at once: %v", err)
		}
	}

	many := func(requests int) {
		for i := range requests {
			method, path := http.MethodGet, "/latest/meta-data/iam/security-credentials/app"
			if i%10 == 0 {
				method, path = http.MethodPut, "/latest/api/token"
			}
			if err := ask(method, path); err != nil {
				t.Fatalf("request %d: %v", i, err)
			}
		}
	}
	many(5_000)
	before := sizeOf(t, p.Cmd.Process.Pid)
	row := 10_000
	if harness.Full() {
		row = 100_000
	}
	many(row)
	after := sizeOf(t, p.Cmd.Process.Pid)
	t.Logf("%+v; %d requests later %+v", before, row, after)
	if after.memory > before.memory+4<<20 || after.files > before.files+5 {
		t.Errorf("grown from %+v to %+v", before, after)
	}
}

// requester asks over connections that are made in the namespace.
func requester(n namespace) func(method, path string) error {
	client := n.client()
	client.Timeout = 20 * time.Second
	return func(method, path string) error {
		req, err := http.NewRequest(method, "http://"+imdsAddress+path, http.NoBody)
		if err != nil {
			return err
		}
		req.Header.Set("X-aws-ec2-metadata-token-ttl-seconds", "21600")
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return errors.New(resp.Status)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
}

// size is what a process takes: resident memory in bytes, and open files.
type size struct{ memory, files int }

var resident = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

func sizeOf(t *testing.T, pid int) size {
	t.Helper()
	proc := "/proc/" + strconv.Itoa(pid)
	status, err := os.ReadFile(proc + "/status")
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(proc + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	match := resident.FindStringSubmatch(string(status))
	if match == nil {
		t.Fatalf("no VmRSS in %s", strings.TrimSpace(string(status)))
	}
	kilobytes, _ := strconv.Atoi(match[1])
	return size{kilobytes << 10, len(files)}
}
