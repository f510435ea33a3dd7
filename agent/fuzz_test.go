package agent_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/probes"
)

// FuzzState feeds the decoder of the state file anything. What it takes over must
// be of use: the next round can be saved, and taken over again.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"format":"imds-probe state 1","machine":"host","salt":"00112233445566778899aabbccddeeff","vantages":[{"vantage":"host","condition":"no_role","since":"2026-01-01T00:00:00Z","rotations":-1}],"transitions":[]}`))
	f.Add([]byte(`{"format":"imds-probe state 1","machine":"host","salt":"00112233445566778899aabbccddeeff","vantages":null,"transitions":[{"at":"9999-12-31T23:59:59Z"}]}`))
	f.Add([]byte(`{"format":"imds-probe state 1","machine":"host","salt":"00112233445566778899aabbccddeeff","vantages":[{"vantage":"host","condition":"unknown","since":"0000-01-01T00:00:00+01:00","expiration":"9999-12-31T23:59:59-01:00"}]}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := agent.DecodeState(text); err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("not one line: %q", err)
			}
			return
		}
		next, err := agent.ResaveState(text, probes.Round{Vantage: "host", Start: time.Unix(1.7e9, 0)})
		if err == nil {
			err = agent.DecodeState(next)
		}
		if err != nil {
			t.Errorf("%v: %s", err, next)
		}
	})
}

// FuzzStatusJSON wants what can be read as a status to survive being written and
// read again.
func FuzzStatusJSON(f *testing.F) {
	f.Add([]byte(`{"condition":"no_role","severity":"critical","vantages":[{"vantage":"host","condition":"no_role","probes":[{"probe":"token","status":"pass","reason":"ok","exchanges":[{"method":"PUT","status":200}]}]}],"transitions":[{"from":"healthy","to":"no_role"}]}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var first, second agent.Status
		if json.Unmarshal(text, &first) != nil {
			return
		}
		var out strings.Builder
		if err := agent.WriteJSON(&out, first); err != nil {
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
