package endurance_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
)

// countedRounds is over how many rounds packets are counted.
const countedRounds = 50

// TestPacketsOfARound counts what goes over the wire in a network namespace
// where nothing else does: a healthy round is exactly six requests, and takes no
// more packets than a bare net/http loop that makes the same requests.
func TestPacketsOfARound(t *testing.T) {
	harness.NeedRoot(t)
	if os.Getenv("IN_NAMESPACE") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestPacketsOfARound$", "-test.v")
		cmd.Env = append(os.Environ(), "IN_NAMESPACE=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		out, err := cmd.CombinedOutput()
		t.Logf("in a namespace of its own:\n%s", out)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	sim := imdstest.New(imdstest.MustFind("healthy"))
	server, err := imdstest.Listen(sim, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	prober, err := ladder.New(ladder.Options{Endpoint: server.URL(), Timeout: 10 * time.Second, Policy: probes.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	ours := packetsOf(t, func() { roundOf(t, prober) })
	for path, n := range sim.Counts() {
		if n != countedRounds {
			t.Errorf("%s was asked %d times in %d rounds", path, n, countedRounds)
		}
	}
	if n := len(sim.Counts()); n != 6 {
		t.Errorf("%d requests a round", n)
	}
	client := &http.Client{Transport: &http.Transport{Proxy: nil}}
	bare := packetsOf(t, func() { bareRound(t, client, server.URL()) })
	t.Logf("packets a request: %.2f ours, %.2f of a bare loop", ours/6, bare/6)
	if ours > bare+1 {
		t.Errorf("%.1f packets a round, a bare loop's are %.1f", ours, bare)
	}
}

// packetsOf returns how many TCP segments one call of f takes, both ways.
func packetsOf(t *testing.T, f func()) float64 {
	t.Helper()
	before := segments(t)
	for range countedRounds {
		f()
	}
	last := segments(t)
	eventually(t, 10*time.Second, "last segments", func() bool {
		was := last
		last = segments(t)
		return last == was
	})
	return float64(last-before) / countedRounds
}

// segments reads how many TCP segments were sent in this network namespace.
func segments(t *testing.T) int {
	t.Helper()
	var names []string
	for line := range strings.Lines(readFile(t, "/proc/self/net/snmp")) {
		fields := strings.Fields(line)
		if fields[0] != "Tcp:" {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		sum := 0
		for i, name := range names {
			if name == "OutSegs" || name == "OutRsts" { // OutSegs leaves resets out
				n, err := strconv.Atoi(fields[i])
				if err != nil {
					t.Fatal(err)
				}
				sum += n
			}
		}
		return sum
	}
	t.Fatal("no TCP statistics")
	return 0
}

func bareRound(t *testing.T, client *http.Client, endpoint string) {
	t.Helper()
	ask := func(method, path, header, value string) string {
		req, err := http.NewRequestWithContext(context.Background(), method, endpoint+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(header, value)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(fmt.Sprint(path, resp.Status, err))
		}
		return string(body)
	}
	token := ask(http.MethodPut, "/latest/api/token", "X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300")
	for _, path := range []string{"hostname", "iam/", "iam/info", "iam/security-credentials/", "iam/security-credentials/" + imdstest.Role} {
		ask(http.MethodGet, "/latest/meta-data/"+path, "X-Aws-Ec2-Metadata-Token", token)
	}
}
