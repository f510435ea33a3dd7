package tls_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

const (
	limit    = 30 * time.Second
	user     = "prometheus"
	password = "a password of the test's own"
)

// start starts the daemon with a web configuration, and returns its address.
func start(t *testing.T, config string) string {
	t.Helper()
	p := harness.Start(t, harness.Build(t, "imds-probe"), "run", "--imds.endpoint="+harness.Simulate(t, "healthy"),
		"--web.listen-address=127.0.0.1:0", "--web.config.file="+config)
	event, _ := p.AwaitEvent(t, 0, limit, "the start", func(e harness.Event) bool { return e.Kind == "started" })
	return event.Listening[0]
}

// writeConfig writes a configuration with a certificate, and returns its path
// and what it takes to trust it.
func writeConfig(t *testing.T, text string) (path string, trust *x509.CertPool) {
	t.Helper()
	dir, cert := t.TempDir(), harness.NewCertificate(t, "127.0.0.1")
	for name, data := range map[string][]byte{"server.crt": cert.Certificate, "server.key": cert.Key, "web.yml": []byte(text)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	trust = x509.NewCertPool()
	trust.AppendCertsFromPEM(cert.CA)
	return filepath.Join(dir, "web.yml"), trust
}

// startProtected starts the daemon with TLS and a password, and returns its address
// and what it takes to trust it.
func startProtected(t *testing.T) (address string, trust *x509.CertPool) {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	config, trust := writeConfig(t, fmt.Sprintf(
		"tls_server_config: {cert_file: server.crt, key_file: server.key}\nbasic_auth_users: {%s: %q}\n", user, hash))
	return start(t, config), trust
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
		req.SetBasicAuth(user, password)
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
				{"right password", password, http.StatusOK},
				{"wrong password", password + "!", http.StatusUnauthorized},
				{"no password", "", http.StatusUnauthorized},
			} {
				if got, err := get(t, client(trust), "https://"+address+path, tc.password); err != nil || got != tc.want {
					t.Errorf("%s: %d, %v; want %d", tc.name, got, err, tc.want)
				}
			}
			_, stranger := writeConfig(t, "")
			_, err := get(t, client(stranger), "https://"+address+path, password)
			if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
				t.Errorf("an authority that did not sign: %v, want it refused", err)
			}
			if got, err := get(t, client(nil), "http://"+address+path, password); err != nil || got != http.StatusBadRequest {
				t.Errorf("plain HTTP: %d, %v; want %d", got, err, http.StatusBadRequest)
			}
		})
	}
}
