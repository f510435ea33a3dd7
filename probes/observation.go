package probes

// Observation is what one probe saw, before any judgement.
type Observation struct {
	Probe Probe
	// Exchanges holds the exchange that answers the probe, and after it any that
	// was needed to decide what a bad answer means. It is empty for a probe that
	// was not run.
	Exchanges []Exchange
	// Content is what the answer's body said.
	Content Content
}

// Answer returns the exchange that answers the probe.
func (o Observation) Answer() Exchange {
	if len(o.Exchanges) == 0 {
		return Exchange{}
	}
	return o.Exchanges[0]
}

// Control returns the exchange that was made to decide what a bad answer means.
func (o Observation) Control() (e Exchange, made bool) {
	if len(o.Exchanges) < 2 {
		return Exchange{}, false
	}
	return o.Exchanges[1], true
}
