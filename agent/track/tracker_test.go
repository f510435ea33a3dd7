package track_test

import (
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// sight is a round that came to a condition.
func sight(reason probes.Reason) probes.Round {
	r := probes.Round{Vantage: "host", Start: time.Now()}
	r.Results[probes.ProbeToken].Verdict = probes.Verdict{Status: probes.StatusFail, Reason: reason}
	return r
}

// TestConfirmationsAgree wants rounds that are bad in different ways, as lost
// packets make them, not to confirm each other; and a fault that is another one
// each time to be told all the same.
func TestConfirmationsAgree(t *testing.T) {
	const (
		drop  = probes.ReasonConnectTimeout
		slow  = probes.ReasonAnswerTimeout
		later = time.Second
		last  = 2 * time.Second
	)
	for name, tc := range map[string]struct {
		sights []probes.Reason
		wants  []time.Duration // until the next look; 0 is the flip
	}{
		"the same":      {[]probes.Reason{drop, drop, drop}, []time.Duration{later, last, 0}},
		"changes once":  {[]probes.Reason{drop, slow, slow, slow}, []time.Duration{later, later, last, 0}},
		"changes late":  {[]probes.Reason{drop, drop, slow, slow, slow}, []time.Duration{later, last, later, last, 0}},
		"always others": {[]probes.Reason{drop, slow, drop, slow, drop, slow}, []time.Duration{later, later, later, later, later, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			tracker := track.New(track.Options{Policy: probes.DefaultPolicy(), Vantages: []string{"host"}})
			for i, reason := range tc.sights {
				events, confirm := tracker.Record(sight(reason))
				if confirm != tc.wants[i] || (len(events) == 1) != (confirm == 0) {
					t.Errorf("sight %d: look again after %v (%d events), want %v", i+1, confirm, len(events), tc.wants[i])
				}
			}
		})
	}
}
