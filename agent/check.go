package agent

import (
	"context"
	"errors"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// Check makes one round for each vantage and reports what they found. Nothing is
// confirmed by a second look, so that the answer comes at once; but the one look
// insists on a connection, for a lost packet is no firewall.
func Check(ctx context.Context, o Options) (Report, error) {
	if err := o.check(); err != nil {
		return Report{}, err
	}
	all, err := o.probers(probes.NewSalt())
	if err != nil {
		return Report{}, err
	}
	var names []string
	for _, p := range all {
		names = append(names, p.Vantage())
	}
	tracker := NewTracker(o.Policy, names)
	for _, p := range all {
		r, err := p.Confirm(ctx)
		switch {
		case errors.Is(err, wire.ErrVantageGone), errors.Is(err, wire.ErrVantageDenied):
			tracker.RecordGone(p.Vantage())
		case err != nil:
			return Report{}, err
		default:
			tracker.RecordOnce(r)
		}
	}
	return NewReport(tracker.Snapshot()), nil
}

// RecordOnce takes in a round whose verdict is not to be confirmed.
func (t *Tracker) RecordOnce(r probes.Round) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.vantage(r.Vantage)
	v.learn(r)
	v.suspectSince = r.Start
	t.flip(v, probes.Diagnose(r, t.policy, v.Known))
}
