package agent

// DecodeState tells whether a state file of this host would be taken over.
func DecodeState(text []byte) error {
	state, err := decodeState(text, "host")
	if err == nil {
		NewTracker(Options{}.Policy, []string{"host"}).resume(state)
	}
	return err
}
