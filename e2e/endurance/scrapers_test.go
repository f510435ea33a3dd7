package endurance_test

import (
	"bufio"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// startDaemon starts the built daemon against a healthy simulator, through the
// words of a shell's line that begins "exec".
func startDaemon(t *testing.T, shell string, flags ...string) (p *harness.Process, address string) {
	t.Helper()
	args := append([]string{
		"-c", shell, harness.Build(t, "imds-probe"), "run", "--imds.endpoint=" + harness.Simulate(t, "healthy"),
		"--probe.interval=1s", "--web.listen-address=127.0.0.1:0", "--no-probe.hop-limit",
	}, flags...)
	p = harness.StartCmd(t, exec.Command("sh", args...))
	address, _ = p.Listening(t)
	return p, address
}

// plainly is the shell's line that changes nothing.
const plainly = `exec "$0" "$@"`

// hogs are clients that hold a connection and give nothing for it.
var hogs = map[string]func(net.Conn){
	"says nothing":      func(net.Conn) {},
	"sends half a head": func(c net.Conn) { _, _ = io.WriteString(c, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Half") },
	"never reads": func(c net.Conn) {
		_, _ = io.WriteString(c, strings.Repeat("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 200))
	},
	"never reads metrics": func(c net.Conn) {
		_, _ = io.WriteString(c, strings.Repeat("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 200))
	},
	"reads a byte a while": slowReader,
}

func slowReader(c net.Conn) {
	_, _ = io.WriteString(c, strings.Repeat("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 50))
	go func() {
		for {
			if _, err := c.Read(make([]byte, 1)); err != nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
}

// crowd is how many hogs come at once; descriptors and memory must stay below
// what 250 connections need.
const (
	crowd          = 1000
	maxDescriptors = 300
	maxResidentKiB = 64 << 10
)

// TestScrapesAmongHogs lets a thousand clients of each kind hold connections, and
// wants a scrape among them to be answered each time, and the process bounded.
func TestScrapesAmongHogs(t *testing.T) {
	for name, hog := range hogs {
		t.Run(name, func(t *testing.T) {
			p, address := startDaemon(t, plainly)
			for range crowd {
				conn, err := net.DialTimeout("tcp", address, 10*time.Second)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				hog(conn)
			}
			for range 10 {
				if text := harness.Get(t, "http://"+address+"/metrics"); !strings.Contains(text, "imds_up") {
					t.Fatalf("scraped %q", text)
				}
			}
			descriptors, threads := inUse(t, p.Cmd.Process.Pid)
			resident := procStatus(t, p.Cmd.Process.Pid, "VmHWM")
			t.Logf("%d descriptors, %d threads, %d KiB at most", descriptors, threads, resident)
			if descriptors > maxDescriptors || resident > maxResidentKiB {
				t.Error("not bounded")
			}
		})
	}
}

// TestThousandScrapers scrapes from a thousand connections at the same time.
func TestThousandScrapers(t *testing.T) {
	p, address := startDaemon(t, plainly)
	done := make(chan bool, crowd)
	for range crowd {
		go func() {
			conn, err := net.DialTimeout("tcp", address, time.Minute)
			if err != nil {
				done <- false
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
			text, _ := io.ReadAll(conn)
			done <- strings.Contains(string(text), "imds_up{")
		}()
	}
	answered := 0
	for range crowd {
		if <-done {
			answered++
		}
	}
	harness.Get(t, "http://"+address+"/metrics")
	resident := procStatus(t, p.Cmd.Process.Pid, "VmHWM")
	t.Logf("%d of %d answered, %d KiB at most", answered, crowd, resident)
	// Who waits in a full queue longer than the grace may be closed.
	if answered < crowd*3/4 || resident > maxResidentKiB {
		t.Error("not bounded, or hardly anybody was answered")
	}
}

// TestHostileRequests sends what must be refused, and wants at most one answer
// to each, of a status that refuses, and the server up afterwards.
func TestHostileRequests(t *testing.T) {
	_, address := startDaemon(t, plainly)
	const smuggled = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for name, request := range map[string]string{
		"10 MB head":               "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Long: " + strings.Repeat("a", 10<<20) + "\r\n\r\n",
		"10 MB of headers":         "GET /metrics HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X-A: b\r\n", 10<<20/8) + "\r\n",
		"10 MB path":               "GET /" + strings.Repeat("a", 10<<20) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"two lengths":              "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 44\r\n\r\n" + smuggled,
		"length and chunked":       "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"unknown coding":           "POST /metrics HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled,
		"coding twice":             "POST /metrics HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + smuggled,
		"space before the colon":   "GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length : 44\r\n\r\n" + smuggled,
		"negative length":          "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n" + smuggled,
		"zero byte":                "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-A: \x00\r\n\r\n",
		"no host":                  "GET /metrics HTTP/1.1\r\n\r\n",
		"two hosts":                "GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: y\r\n\r\n",
		"not HTTP":                 "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"HTTP/2 without agreement": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"CONNECT":                  "CONNECT 192.0.2.1:80 HTTP/1.1\r\nHost: 192.0.2.1:80\r\nConnection: close\r\n\r\n",
		"path of another host":     "GET http://192.0.2.1/latest/ HTTP/1.1\r\nHost: 192.0.2.1\r\nConnection: close\r\n\r\n",
		"encoded path upwards":     "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		"backslashes upwards":      "GET /..\\..\\etc\\passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		"encoded slashes":          "GET /..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		"host of another site":     "GET /metrics HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n",
		"folded length":            "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length:\r\n 44\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"path upwards":             "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			statuses := converse(t, address, request)
			t.Logf("%q", statuses)
			if len(statuses) > 1 {
				t.Errorf("%d answers to one request", len(statuses))
			}
			for _, s := range statuses {
				if s[0] != '3' && s[0] != '4' && s[0] != '5' {
					t.Errorf("status %s", s)
				}
			}
			harness.Get(t, "http://"+address+"/metrics")
		})
	}
}

// converse sends a request, and returns the statuses of the answers that come
// until the server closes the connection.
func converse(t *testing.T, address, request string) (statuses []string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	go func() { _, _ = io.WriteString(conn, request) }()
	scanner := bufio.NewScanner(conn)
	for scanner.Scan() {
		if status, ok := strings.CutPrefix(scanner.Text(), "HTTP/1.1 "); ok {
			statuses = append(statuses, status)
		}
	}
	return statuses
}
