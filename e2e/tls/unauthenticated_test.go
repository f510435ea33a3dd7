package tls_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestNothingWithoutPassword wants each method on each path, over HTTP/1.1 and
// HTTP/2, to be refused without the password, whatever takes its place, and the
// refusal to tell nothing, not even which paths there are.
func TestNothingWithoutPassword(t *testing.T) {
	address, trust := startProtected(t)
	base := "https://" + address
	refused := 0
	for _, http2 := range []bool{false, true} {
		c := client(trust)
		transport, _ := c.Transport.(*http.Transport)
		transport.ForceAttemptHTTP2 = http2
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions, "PROPFIND"} {
			for _, path := range []string{"/", "/metrics", "/api/v1/status", "/-/healthy", "/-/ready", "/debug/pprof/", "//metrics", "/x/../metrics", "/%2e/metrics", "/no-such-path"} {
				for _, authorization := range []string{"", "Bearer " + password, "Basic", "Basic !", "Basic Og==", "Basic cHJvbWV0aGV1czo="} {
					status, body := ask(t, c, method, base+path, authorization, http2)
					if status != http.StatusUnauthorized || strings.TrimSpace(body) != "Unauthorized" && method != http.MethodHead {
						t.Errorf("%s %s, Authorization %q, HTTP/2 %v: %d %q", method, path, authorization, http2, status, body)
					}
					refused++
				}
			}
		}
	}
	t.Logf("%d requests refused", refused)
}

// ask sends a request over the wanted version of HTTP.
func ask(t *testing.T, c *http.Client, method, url, authorization string, http2 bool) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.ProtoMajor == 2; got != http2 {
		t.Fatalf("%s, want HTTP/2 %v", resp.Proto, http2)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
