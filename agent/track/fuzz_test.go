package track_test

import (
	"strings"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// FuzzState feeds the decoder of the state file anything. What it takes over must
// be of use: the next round can be saved, and taken over again.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"format":"imds-probe state 2","machine":"host","salt":"00112233445566778899aabbccddeeff","vantages":[{"vantage":"host","condition":"no_role","since":"2026-01-01T00:00:00Z","rotations":-1}],"transitions":[]}`))
	f.Add([]byte(`{"format":"imds-probe state 2","machine":"host","salt":"00112233445566778899aabbccddeeff","vantages":null,"transitions":[{"at":"9999-12-31T23:59:59Z"}]}`))
	f.Add([]byte(`{"format":"imds-probe state 2","machine":"host","salt":"00112233445566778899aabbccddeeff","vantages":[{"vantage":"host","condition":"unknown","since":"0000-01-01T00:00:00+01:00","known":{"expiration":"9999-12-31T23:59:59-01:00"}}]}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := track.DecodeState(text); err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("not one line: %q", err)
			}
			return
		}
		next, err := track.ResaveState(text, probes.Round{Vantage: "host", Start: time.Unix(1.7e9, 0)})
		if err == nil {
			err = track.DecodeState(next)
		}
		if err != nil {
			t.Errorf("%v: %s", err, next)
		}
	})
}
