package agent

import (
	"encoding/json"
	"io"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// DecodeState tells whether a state file of this host would be taken over.
func DecodeState(text []byte) error {
	_, err := decodeState(text, "host")
	return err
}

// ResaveState takes over a state file, makes the round r, and returns the next
// state file.
func ResaveState(text []byte, r probes.Round) ([]byte, error) {
	state, err := decodeState(text, "host")
	if err != nil {
		return nil, err
	}
	tracker := NewTracker(probes.DefaultPolicy(), []string{r.Vantage})
	tracker.resume(state)
	tracker.Record(r)
	next := tracker.saved()
	next.Format, next.Machine, next.Salt = state.Format, state.Machine, state.Salt
	return json.Marshal(next)
}

// WritePage writes the page of a status as it is at a moment.
func WritePage(w io.Writer, s Status, now time.Time) error {
	return newPageView(s, now).document().Render(validWriter{w})
}
