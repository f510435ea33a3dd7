package imdstest_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
)

// face is one way to reach a simulator.
type face func(t *testing.T, s *imdstest.Simulator) (do func(*http.Request) (*http.Response, error), url string)

var faces = map[string]face{
	"handler": func(t *testing.T, s *imdstest.Simulator) (func(*http.Request) (*http.Response, error), string) {
		t.Helper()
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		return (&http.Transport{DisableKeepAlives: true}).RoundTrip, server.URL
	},
	"memory": func(t *testing.T, s *imdstest.Simulator) (func(*http.Request) (*http.Response, error), string) {
		t.Helper()
		return s.Client().Do, ladder.EndpointIPv4
	},
	"listener": func(t *testing.T, s *imdstest.Simulator) (func(*http.Request) (*http.Response, error), string) {
		t.Helper()
		server, err := imdstest.Listen(s, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close() })
		return (&http.Transport{DisableKeepAlives: true}).RoundTrip, server.URL()
	},
}

// reply is what tests look at of an answer.
type reply struct {
	Status int
	Server string
	Body   string
}

func ask(t *testing.T, do func(*http.Request) (*http.Response, error), method, url string, header map[string]string) (reply, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header.Get("Server"), string(body)}, resp.Header
}

// TestFacesAgree wants the same answers from all faces, and those that IMDS gives.
func TestFacesAgree(t *testing.T) {
	const ttl, token = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "X-Aws-Ec2-Metadata-Token"
	for name, open := range faces {
		t.Run(name, func(t *testing.T) {
			do, url := open(t, imdstest.New(imdstest.MustFind("healthy")))
			issued, header := ask(t, do, "PUT", url+"/latest/api/token", map[string]string{ttl: "60"})
			if len(issued.Body) != 56 || header.Get(ttl) != "60" {
				t.Errorf("token of %d bytes, TTL %s", len(issued.Body), header.Get(ttl))
			}
			with := map[string]string{token: issued.Body}
			for _, tc := range []struct {
				method, path string
				header       map[string]string
				want         reply
			}{
				{"PUT", "/latest/api/token", nil, reply{400, "EC2ws", imdstest.ErrorPage(400)}},
				{"PUT", "/latest/api/token", map[string]string{ttl: "0"}, reply{400, "EC2ws", imdstest.ErrorPage(400)}},
				{"PUT", "/latest/api/token", map[string]string{ttl: "21601"}, reply{400, "EC2ws", imdstest.ErrorPage(400)}},
				{"PUT", "/latest/api/token", map[string]string{ttl: "x"}, reply{400, "EC2ws", imdstest.ErrorPage(400)}},
				{"PUT", "/latest/api/token", map[string]string{ttl: "60", "X-Forwarded-For": "192.0.2.1"}, reply{403, "EC2ws", imdstest.ErrorPage(403)}},
				{"GET", "/latest/api/token", with, reply{405, "EC2ws", imdstest.ErrorPage(405)}},
				{"GET", "/latest/meta-data/hostname", nil, reply{401, "EC2ws", ""}},
				{"GET", "/no/such/path", nil, reply{401, "EC2ws", ""}},
				{"GET", "/latest/meta-data/hostname", map[string]string{token: "bad"}, reply{401, "EC2ws", ""}},
				{"GET", "/latest/meta-data/hostname", with, reply{200, "EC2ws", imdstest.Hostname}},
				{"GET", "/latest/meta-data/iam", with, reply{200, "EC2ws", "info\nsecurity-credentials/"}},
				{"GET", "/latest/meta-data/iam/", with, reply{200, "EC2ws", "info\nsecurity-credentials/"}},
				{"GET", "/latest/meta-data/iam/security-credentials/", with, reply{200, "EC2ws", "app"}},
				{"GET", "/latest/meta-data/iam/security-credentials/other", with, reply{404, "EC2ws", imdstest.ErrorPage(404)}},
				{"GET", "/latest/meta-data/nope", with, reply{404, "EC2ws", imdstest.ErrorPage(404)}},
			} {
				got, header := ask(t, do, tc.method, url+tc.path, tc.header)
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("%s %s %v: -want +got:\n%s", tc.method, tc.path, tc.header, diff)
				}
				if _, err := http.ParseTime(header.Get("Date")); err != nil {
					t.Errorf("%s %s: Date %q", tc.method, tc.path, header.Get("Date"))
				}
			}
		})
	}
}

// TestErrorPages has the sizes of the captured pages.
func TestErrorPages(t *testing.T) {
	for status, size := range map[int]int{404: 339, 503: 359} {
		if got := len(imdstest.ErrorPage(status)); got != size {
			t.Errorf("the %d page has %d bytes, the captured one %d", status, got, size)
		}
	}
}

// TestAnswerOnTheWire compares a whole answer with the captured one.
func TestAnswerOnTheWire(t *testing.T) {
	server, err := imdstest.Listen(imdstest.New(imdstest.MustFind("imdsv1_enabled")), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	conn, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET /latest/meta-data/hostname HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(bufio.NewReader(conn)) // to the end: the connection is closed
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	head, body, _ := strings.Cut(string(all), "\r\n\r\n")
	for _, line := range strings.Split(head, "\r\n")[1:] {
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name)
	}
	want := []string{"Content-Type", "Accept-Ranges", "Last-Modified", "Content-Length", "Date", "Server", "Connection"}
	if diff := cmp.Diff(want, names); diff != "" || body != imdstest.Hostname {
		t.Errorf("body %q; headers -want +got:\n%s", body, diff)
	}
}

// TestTokensExpire lets time pass.
func TestTokensExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		do := imdstest.New(imdstest.MustFind("healthy")).Client().Do
		url := ladder.EndpointIPv4
		issued, _ := ask(t, do, "PUT", url+"/latest/api/token", map[string]string{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": "10"})
		with := map[string]string{"X-Aws-Ec2-Metadata-Token": issued.Body}
		time.Sleep(9 * time.Second)
		if got, header := ask(t, do, "GET", url+"/latest/meta-data/hostname", with); got.Status != 200 || header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds") != "1" {
			t.Errorf("after 9 s of 10: %d, %s left", got.Status, header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds"))
		}
		time.Sleep(time.Second)
		if got, _ := ask(t, do, "GET", url+"/latest/meta-data/hostname", with); got.Status != 401 {
			t.Errorf("after 10 s of 10: %d", got.Status)
		}
	})
}

// TestListenerReach wants the socket's own answers for refused and dropped
// connections, and the same port to serve again.
func TestListenerReach(t *testing.T) {
	simulator := imdstest.New(imdstest.MustFind("healthy"))
	server, err := imdstest.Listen(simulator, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	dial := func() error {
		conn, err := net.DialTimeout("tcp", server.Addr(), 200*time.Millisecond)
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	for _, tc := range []struct {
		scenario string
		want     func(error) bool
	}{
		{"firewall_reject", func(err error) bool { return err != nil && !os.IsTimeout(err) }},
		{"firewall_drop", func(err error) bool { return err != nil && os.IsTimeout(err) }},
		{"healthy", func(err error) bool { return err == nil }},
	} {
		simulator.Set(imdstest.MustFind(tc.scenario))
		if err := dial(); !tc.want(err) {
			t.Errorf("%s: dial: %v", tc.scenario, err)
		}
	}
}
