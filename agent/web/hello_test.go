package web_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// tlsConfig writes a web configuration with httptest's certificate, and returns its path
// and a client that trusts it.
func tlsConfig(t *testing.T) (path string, client *http.Client) {
	t.Helper()
	source := httptest.NewTLSServer(http.NotFoundHandler())
	defer source.Close()
	certificate := source.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string][]byte{
		"crt":     pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}),
		"key":     pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		"web.yml": []byte("tls_server_config: {cert_file: crt, key_file: key}\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "web.yml"), source.Client()
}

// TestHandshakesLeaveNoTurnTaken begins handshakes and gives each up in another way, and
// wants the next client to be served: a turn that were never given back would shut out
// everybody.
func TestHandshakesLeaveNoTurnTaken(t *testing.T) {
	config, client := tlsConfig(t)
	addresses, stop := serve(t, ok, config, "127.0.0.1:0")
	hello := clientHello(t)
	for name, begin := range map[string][]byte{
		"nothing":            nil,
		"a byte":             hello[:1],
		"half a hello":       hello[:len(hello)/2],
		"all but a byte":     hello[:len(hello)-1],
		"a hello":            hello,
		"a hello, and noise": append(slices.Clip(hello), "noise"...),
		"noise":              append([]byte{22, 3, 1, 0, 5}, "noise"...),
		"plain HTTP":         []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
	} {
		for range 10 {
			conn, err := net.Dial("tcp", addresses[0])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write(begin); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			_ = conn.Close()
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+addresses[0], http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatalf("after %s: %v", name, err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.ProtoMajor != 1 {
			t.Errorf("after %s: %s, %v", name, resp.Proto, err)
		}
		_ = resp.Body.Close()
		client.CloseIdleConnections()
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// clientHello returns the first record of a handshake.
func clientHello(t *testing.T) []byte {
	t.Helper()
	client, server := net.Pipe()
	defer server.Close()
	go func() {
		_ = tls.Client(client, &tls.Config{ServerName: "example.com", NextProtos: []string{"h2", "http/1.1"}}).HandshakeContext(t.Context())
	}()
	record := make([]byte, 4096)
	n, err := server.Read(record)
	if err != nil {
		t.Fatal(err)
	}
	return record[:n]
}
