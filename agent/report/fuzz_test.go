package report_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/agent/report"
)

// FuzzStatusJSON wants what can be read as a status to survive being written and
// read again.
func FuzzStatusJSON(f *testing.F) {
	f.Add([]byte(`{"condition":"no_role","severity":"critical","vantages":[{"vantage":"host","condition":"no_role","probes":[{"probe":"token","status":"pass","reason":"ok","exchanges":[{"method":"PUT","status":200}]}]}],"transitions":[{"from":"healthy","to":"no_role"}]}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var first, second report.Status
		if json.Unmarshal(text, &first) != nil {
			return
		}
		var out strings.Builder
		if err := report.WriteJSON(&out, first); err != nil {
			return // a time that JSON has no form for
		}
		if err := json.Unmarshal([]byte(out.String()), &second); err != nil {
			t.Fatalf("%v: %s", err, out.String())
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("-first +second:\n%s", diff)
		}
	})
}
