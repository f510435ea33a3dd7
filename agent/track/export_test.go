package track

import (
	"encoding/json"

	"github.com/imds-probe/imds-probe/probes"
)

// What tests of this package's files look at.
const (
	MaxStateSize   = maxStateSize
	MaxTransitions = maxTransitions
)

// OnlyOurs refuses a file that others may have written; MachineID identifies a host.
var (
	OnlyOurs  = onlyOurs
	MachineID = machineID
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
	tracker := New(Options{Policy: probes.DefaultPolicy(), Vantages: []string{r.Vantage}, Saved: state})
	tracker.Record(r)
	next := tracker.Saved()
	next.Format, next.Machine, next.Salt = state.Format, state.Machine, state.Salt
	return json.Marshal(next)
}

// DecodeSaved tells whether a state would be taken over once it is written.
func DecodeSaved(s Saved) error {
	s.Format, s.Machine, s.Salt = stateFormat, "host", "00112233445566778899aabbccddeeff"
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return DecodeState(text)
}
