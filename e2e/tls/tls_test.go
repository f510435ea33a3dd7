package tls_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

const limit = 30 * time.Second

// start starts the daemon with a web configuration, and returns its address.
func start(t *testing.T, config string) string {
	t.Helper()
	_, address := harness.Daemon(t, harness.Simulate(t, "healthy"), "--web.config.file="+config)
	return address
}

// startProtected starts the daemon with TLS and a password, and returns its address
// and what it takes to trust it.
func startProtected(t *testing.T) (address string, trust *x509.CertPool) {
	t.Helper()
	config, certificate := harness.WebConfig(t, harness.ServerTLS+harness.BasicAuth(t))
	return start(t, config), certificate.Pool()
}

func client(trust *x509.CertPool) *http.Client {
	return &http.Client{Timeout: limit, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust}}}
}

// get returns the status of an answer.
func get(t *testing.T, c *http.Client, url, password string) (int, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if password != "" {
		req.SetBasicAuth(harness.User, password)
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// TestTLSAndBasicAuth asks for every path, for none may be left open.
func TestTLSAndBasicAuth(t *testing.T) {
	address, trust := startProtected(t)
	for _, path := range []string{"/", "/metrics", "/api/v1/status", "/-/healthy"} {
		t.Run(path, func(t *testing.T) {
			for _, tc := range []struct {
				name, password string
				want           int
			}{
				{"right password", harness.Password, http.StatusOK},
				{"wrong password", harness.Password + "!", http.StatusUnauthorized},
				{"no password", "", http.StatusUnauthorized},
			} {
				if got, err := get(t, client(trust), "https://"+address+path, tc.password); err != nil || got != tc.want {
					t.Errorf("%s: %d, %v; want %d", tc.name, got, err, tc.want)
				}
			}
			stranger := harness.NewCertificate(t, "127.0.0.1").Pool()
			_, err := get(t, client(stranger), "https://"+address+path, harness.Password)
			if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
				t.Errorf("an authority that did not sign: %v, want it refused", err)
			}
			if got, err := get(t, client(nil), "http://"+address+path, harness.Password); err != nil || got != http.StatusBadRequest {
				t.Errorf("plain HTTP: %d, %v; want %d", got, err, http.StatusBadRequest)
			}
		})
	}
}
