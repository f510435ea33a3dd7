package imdstest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// TestRequests wants requests in their order, with how they were answered and
// without a secret.
func TestRequests(t *testing.T) {
	sim := imdstest.New(imdstest.MustFind("healthy").With(imdstest.Fault{Path: "meta-data/mac", Effect: imdstest.Close}))
	b := browse(t, sim)
	ask(t, b.do, "GET", "http://imds"+idPath, map[string]string{"User-Agent": "me", "Authorization": "Bearer CanaryToken//"})
	b.get("/latest/user-data")
	req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://imds/latest/meta-data/mac", http.NoBody)
	req.Header.Set("X-Aws-Ec2-Metadata-Token", b.token)
	if _, err := b.do(req); err == nil {
		t.Error("an answer, and none was wanted")
	}
	got := sim.Requests()
	want := []imdstest.Request{
		{Method: "PUT", Path: "/latest/api/token", Status: 200, Header: http.Header{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": {"21600"}}},
		{Method: "GET", Path: idPath, Status: 401, Header: http.Header{"User-Agent": {"me"}, "Authorization": {imdstest.Hidden}}},
		{Method: "GET", Path: "/latest/user-data", Status: 404, Header: http.Header{"X-Aws-Ec2-Metadata-Token": {imdstest.Hidden}}},
		{Method: "GET", Path: "/latest/meta-data/mac", Status: 0, Header: http.Header{"X-Aws-Ec2-Metadata-Token": {imdstest.Hidden}}},
	}
	transport := cmpopts.IgnoreMapEntries(func(name string, value []string) bool {
		return name == "Connection" || name == "Accept-Encoding" || name == "User-Agent" && value[0] != "me" || name == "Content-Length"
	})
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(imdstest.Request{}, "Time"), transport); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	text := fmt.Sprint(got)
	for _, canary := range imdstest.Canaries() {
		if strings.Contains(text, canary) {
			t.Errorf("the journal holds the secret %s…", canary)
		}
	}
}

// TestJournalEnds wants the journal to keep the last requests, and no more.
func TestJournalEnds(t *testing.T) {
	sim := imdstest.New(imdstest.MustFind("imdsv1_enabled"))
	const n = 3*imdstest.JournalLength + 7
	for i := range n {
		ask(t, sim.Client().Do, "GET", fmt.Sprintf("http://imds/%d", i%10), map[string]string{"User-Agent": fmt.Sprint(i)})
	}
	got := sim.Requests()
	if len(got) != imdstest.JournalLength {
		t.Fatalf("%d requests", len(got))
	}
	for i, r := range got {
		if want := fmt.Sprint(n - len(got) + i); r.Header.Get("User-Agent") != want {
			t.Fatalf("number %d is %s, want %s", i, r.Header.Get("User-Agent"), want)
		}
	}
	if got := sim.Counts()["GET /3"]; got != 301 {
		t.Errorf("GET /3 was counted %d times", got)
	}
}
