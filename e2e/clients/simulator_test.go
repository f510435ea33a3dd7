package clients_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// simulate serves a scenario at IMDS's address in a namespace.
func simulate(t *testing.T, n namespace, scenario string) *imdstest.Server {
	t.Helper()
	var server *imdstest.Server
	var err error
	n.do(func() { server, err = imdstest.Listen(imdstest.New(imdstest.MustFind(scenario)), imdsAddress) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// everything returns all that there is to find on the healthy instance, read by a
// plain HTTP client from a simulator of its own.
func everything(t *testing.T) (f found) {
	t.Helper()
	imds := imdstest.Start(t, "imdsv1_enabled")
	text := func(path string) []byte {
		resp, err := http.Get(imds.URL() + "/latest/" + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v", path, resp.StatusCode, err)
		}
		return body
	}
	var role struct{ AccessKeyID, SecretAccessKey, Token string }
	if err := json.Unmarshal(text("meta-data/iam/security-credentials/app"), &role); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text("dynamic/instance-identity/document"), &f); err != nil {
		t.Fatal(err)
	}
	f.AccessKeyID, f.SecretAccessKey, f.SessionToken = role.AccessKeyID, role.SecretAccessKey, role.Token
	f.Hostname = string(text("meta-data/hostname"))
	return f
}

// TestClients wants each client to be served whole: it finds all that it asks for,
// and is told 404 of nothing but what most instances do not have.
func TestClients(t *testing.T) {
	all := everything(t)
	for _, c := range clients() {
		t.Run(c.name, func(t *testing.T) {
			command := c.install(t)
			n := newNamespace(t)
			imds := simulate(t, n, "healthy")
			got, err := c.run(t.Context(), t, n, command)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.asks(all), got); diff != "" {
				t.Errorf("-there +found:\n%s", diff)
			}
			requests := imds.Requests()
			if len(requests) == 0 || requests[0].Path != "/latest/api/token" {
				t.Errorf("it did not begin with a token: %v", requests)
			}
			var missing []string
			for _, r := range requests {
				t.Log(r.Status, r.Method, r.Path)
				if r.Status != http.StatusOK && !slices.Contains(missing, r.Path) {
					missing = append(missing, r.Path)
				}
			}
			if diff := cmp.Diff(c.missing, missing); diff != "" {
				t.Errorf("answers that are not 200: -declared +got:\n%s", diff)
			}
		})
	}
}
