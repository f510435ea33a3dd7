package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// Simulate starts the simulator in a scenario on a free loopback port, and
// returns its endpoint.
func Simulate(tb testing.TB, scenario string) string {
	tb.Helper()
	p := Start(tb, Build(tb, "imds-probe"), "simulate", "--scenario="+scenario, "--listen=127.0.0.1:0")
	line := p.AwaitText(tb, "http://", 10*time.Second)
	return line[strings.Index(line, "http://"):]
}

// Daemon starts the daemon on a free loopback port, and returns the address that
// it serves on.
func Daemon(tb testing.TB, endpoint string, flags ...string) (p *Process, address string) {
	tb.Helper()
	args := append([]string{"run", "--imds.endpoint=" + endpoint, "--web.listen-address=127.0.0.1:0"}, flags...)
	p = Start(tb, Build(tb, "imds-probe"), args...)
	address, _ = p.Listening(tb)
	return p, address
}

// Listening waits until a daemon serves, and returns on which address and the
// number of the log line after the one that says so.
func (p *Process) Listening(tb testing.TB) (address string, next int) {
	tb.Helper()
	started, next := p.AwaitEvent(tb, 0, 30*time.Second, "that it started", func(e Event) bool { return e.Kind == "started" })
	return started.Listening[0], next
}

// Who may look at a daemon with a password.
const (
	User     = "prometheus"
	Password = "a password of the test's own"
)

// WebConfig writes a configuration for --web.config.file, which may name server.crt
// and server.key, and returns its path and the certificate.
func WebConfig(tb testing.TB, text string) (path string, certificate Certificate) {
	tb.Helper()
	dir, certificate := tb.TempDir(), NewCertificate(tb, "127.0.0.1")
	for name, data := range map[string][]byte{"server.crt": certificate.Certificate, "server.key": certificate.Key, "web.yml": []byte(text)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return filepath.Join(dir, "web.yml"), certificate
}

// ServerTLS is the part of a configuration for [WebConfig] that serves by its
// certificate.
const ServerTLS = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"

// BasicAuth is the part of a configuration that asks for [User] and [Password].
func BasicAuth(tb testing.TB) string {
	tb.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(Password), bcrypt.DefaultCost)
	if err != nil {
		tb.Fatal(err)
	}
	return fmt.Sprintf("basic_auth_users: {%s: %q}\n", User, hash)
}
