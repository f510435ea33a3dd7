package web_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"

	"github.com/imds-probe/imds-probe/agent/web"
)

// serve serves on loopback addresses until the test ends, and returns them and what
// ends it before.
func serve(t *testing.T, handler http.HandlerFunc, config string, on ...string) (addresses []string, stop func() error) {
	t.Helper()
	flags := &toolkit.FlagConfig{WebListenAddresses: &on, WebConfigFile: &config}
	listeners, err := web.Listen(t.Context(), flags)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range listeners {
		addresses = append(addresses, l.Addr().String())
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(ctx, listeners, handler, flags) }()
	t.Cleanup(cancel)
	return addresses, func() error {
		cancel()
		return <-ended
	}
}

func get(t *testing.T, address, host string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }

// TestTwoAddresses serves two with one configuration, which the toolkit puts into
// the server that it is given: with one server the race detector finds two writers.
func TestTwoAddresses(t *testing.T) {
	config := filepath.Join(t.TempDir(), "web.yml")
	if err := os.WriteFile(config, []byte("http_server_config: {headers: {X-Frame-Options: deny}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	addresses, stop := serve(t, ok, config, "127.0.0.1:0", "127.0.0.2:0")
	for _, address := range addresses {
		if status, body := get(t, address, ""); status != http.StatusOK || body != "ok" {
			t.Errorf("%s: %d %q", address, status, body)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// TestServeAwaitsAnswers wants the end to wait for an answer in the making, even
// longer than it lets its client wait.
func TestServeAwaitsAnswers(t *testing.T) {
	making, finish, made := make(chan struct{}), make(chan struct{}), false
	addresses, stop := serve(t, func(http.ResponseWriter, *http.Request) {
		close(making)
		<-finish
		made = true
	}, "", "127.0.0.1:0")
	conn, err := net.Dial("tcp", addresses[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-making
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	_, _ = io.ReadAll(conn) // until the server gives its client up
	select {
	case <-ended:
		t.Error("ended before the answer was made")
	case <-time.After(50 * time.Millisecond):
	}
	close(finish)
	if err := <-ended; err != nil || !made {
		t.Errorf("ended with %v, answer made: %v", err, made)
	}
}

// TestHosts wants a listener on loopback to answer for this host's names alone.
func TestHosts(t *testing.T) {
	addresses, _ := serve(t, ok, "", "127.0.0.1:0", "localhost:0")
	for host, want := range map[string]int{
		"localhost": http.StatusOK, "LOCALHOST:16925": http.StatusOK, "localhost.": http.StatusOK, "probe.localhost:1": http.StatusOK,
		"127.0.0.1": http.StatusOK, "127.0.0.1:16925": http.StatusOK, "[::1]:16925": http.StatusOK, "192.0.2.1:80": http.StatusOK,
		"attacker.example": http.StatusMisdirectedRequest, "attacker.example:16925": http.StatusMisdirectedRequest,
		"localhost.attacker.example": http.StatusMisdirectedRequest, "127.0.0.1.attacker.example:80": http.StatusMisdirectedRequest,
		"notlocalhost": http.StatusMisdirectedRequest,
	} {
		for _, address := range addresses {
			if status, _ := get(t, address, host); status != want {
				t.Errorf("Host: %s: %d, want %d", host, status, want)
			}
		}
	}
}

// TestHostsElsewhere wants a listener for the network to answer whatever it is called.
func TestHostsElsewhere(t *testing.T) {
	addresses, _ := serve(t, ok, "", ":0")
	_, port, err := net.SplitHostPort(addresses[0])
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := get(t, "127.0.0.1:"+port, "instance.example"); status != http.StatusOK {
		t.Errorf("%d", status)
	}
}

// TestHeaders wants browsers to be forbidden what no answer needs.
func TestHeaders(t *testing.T) {
	w := httptest.NewRecorder()
	handler := web.Handler(web.Routes{Page: http.HandlerFunc(ok), Metrics: http.HandlerFunc(ok), MetricsPath: "/metrics"})
	handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
		"Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestCheckAddress tells what can never be listened on from what may be in a minute.
func TestCheckAddress(t *testing.T) {
	for address, want := range map[string]bool{
		":16925": true, "localhost:http": true, "[::1]:0": true, "10.255.0.1:80": true,
		"": false, "localhost": false, "127.0.0.1:99999": false, "::1:80": false, "vsock://:16925": false, "http://localhost:80": false,
	} {
		if err := web.CheckAddress(address); (err == nil) != want {
			t.Errorf("%q: %v", address, err)
		}
	}
}
