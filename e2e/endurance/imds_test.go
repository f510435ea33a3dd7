package endurance_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// served is a simulator that remembers the secrets that it gave out.
type served struct {
	simulator *imdstest.Simulator
	url       string

	mu     sync.Mutex
	bodies map[string][]string // secret's name → all that were served
}

// secretFields finds the secrets of a role's document.
var secretFields = regexp.MustCompile(`"(AccessKeyId|SecretAccessKey|Token)" : "([^"]+)"`)

// sessionToken names IMDS's own session token among the secrets.
const sessionToken = "session token"

// serveChangingKeys starts a healthy IMDS whose keys change every millisecond.
func serveChangingKeys(t *testing.T) *served {
	t.Helper()
	scenario := imdstest.MustFind("healthy")
	scenario.Instance.Profile.Keys.Every = time.Millisecond
	s := &served{simulator: imdstest.New(scenario), bodies: map[string][]string{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// ServeHTTP implements [http.Handler].
func (s *served) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	keep := &keepBody{ResponseWriter: w}
	s.simulator.ServeHTTP(keep, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodPut {
		s.bodies[sessionToken] = append(s.bodies[sessionToken], keep.body.String())
	}
	for _, field := range secretFields.FindAllStringSubmatch(keep.body.String(), -1) {
		s.bodies[field[1]] = append(s.bodies[field[1]], field[2])
	}
}

// secrets returns the random part of every secret that was served, by its name.
func (s *served) secrets() map[string][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	random := map[string][]string{}
	for name, all := range s.bodies {
		for _, secret := range all {
			for _, mark := range imdstest.Canaries() {
				secret = strings.TrimPrefix(secret, mark)
			}
			random[name] = append(random[name], strings.TrimRight(secret, "0="))
		}
	}
	return random
}

// rounds returns how many rounds began, and in how many the keys were read.
func (s *served) rounds() (begun, whole int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bodies[sessionToken]), len(s.bodies["AccessKeyId"])
}

type keepBody struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (k *keepBody) Write(p []byte) (int, error) {
	k.body.Write(p)
	return k.ResponseWriter.Write(p)
}
