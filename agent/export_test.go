package agent

import (
	"io"
	"time"
)

// DecodeState tells whether a state file of this host would be taken over.
func DecodeState(text []byte) error {
	state, err := decodeState(text, "host")
	if err == nil {
		NewTracker(Options{}.Policy, []string{"host"}).resume(state)
	}
	return err
}

// WritePage writes the page of a status as it is at a moment.
func WritePage(w io.Writer, s Status, now time.Time) error {
	return newPageView(s, now).document().Render(validWriter{w})
}
