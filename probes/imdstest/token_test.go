package imdstest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// TestForgedTokens wants no token to be accepted but those that the simulator has
// issued, not even where none is needed.
func TestForgedTokens(t *testing.T) {
	sim := imdstest.New(imdstest.MustFind("imdsv1_enabled"))
	b := browse(t, sim)
	good := b.token
	flip := func(i int) string {
		other := byte('A')
		if good[i] == other {
			other = 'B'
		}
		return good[:i] + string(other) + good[i+1:]
	}
	begin := len(imdstest.CanarySessionToken)
	for name, token := range map[string]string{
		"of another simulator": browse(t, imdstest.New(imdstest.MustFind("healthy"))).token,
		"with another expiry":  flip(begin + 1),
		"with another nonce":   flip(begin + 12),
		"signed otherwise":     flip(begin + 20),
		"without its padding":  strings.TrimSuffix(good, "="),
		"not Base64":           good[:begin] + "!" + good[begin+1:],
		"short":                good[:begin+4] + "==",
		"without the mark":     good[begin:],
	} {
		b.token = token
		if got, _ := b.get(idPath); got.Status != http.StatusUnauthorized {
			t.Errorf("a token %s: %d", name, got.Status)
		}
	}
	b.token = good
	if got, header := b.get(idPath); got.Status != http.StatusOK || header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds") == "" {
		t.Errorf("the token itself: %d, %v", got.Status, header)
	}
	if got, _ := ask(t, b.do, "PUT", "http://imds/latest/api/token", map[string]string{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": "1"}); got.Status != http.StatusOK {
		t.Errorf("the shortest TTL: %d", got.Status)
	}
	if other := browse(t, sim).token; other == good {
		t.Error("the same token twice")
	}
}

// TestMethods wants 405 for all that is neither GET nor HEAD.
func TestMethods(t *testing.T) {
	do := imdstest.New(imdstest.MustFind("imdsv1_enabled")).Client().Do
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "DELETE": 405, "PUT": 405} {
		got, header := ask(t, do, method, "http://imds"+idPath, nil)
		if got.Status != want || want == 405 && header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d, Allow: %q", method, got.Status, header.Get("Allow"))
		}
	}
}
