package tls_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// TestNothingWithoutPassword wants each method on each path to be refused without
// the password, whatever takes its place, also to a client that would rather speak
// HTTP/2, and the refusal to tell nothing, not even which paths there are.
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
				for _, authorization := range []string{"", "Bearer " + harness.Password, "Basic", "Basic !", "Basic Og==", "Basic cHJvbWV0aGV1czo="} {
					status, body := ask(t, c, method, base+path, authorization)
					if status != http.StatusUnauthorized || strings.TrimSpace(body) != "Unauthorized" && method != http.MethodHead {
						t.Errorf("%s %s, Authorization %q, HTTP/2 offered %v: %d %q", method, path, authorization, http2, status, body)
					}
					refused++
				}
			}
		}
	}
	t.Logf("%d requests refused", refused)
}

// ask sends a request, which must be answered over HTTP/1.1: a connection of HTTP/2
// would carry any number of answers that nobody reads.
func ask(t *testing.T, c *http.Client, method, url, authorization string) (int, string) {
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
	if resp.ProtoMajor != 1 {
		t.Fatalf("answered over %s", resp.Proto)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
