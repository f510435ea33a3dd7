package agent

import (
	"context"
	"errors"

	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// Check makes one round for each vantage and reports what they found. Nothing is
// confirmed by a second look, so that the answer comes at once.
func Check(ctx context.Context, o Options) (report.Report, error) {
	if err := o.check(); err != nil {
		return report.Report{}, err
	}
	all, err := o.probers(probes.NewSalt())
	if err != nil {
		return report.Report{}, err
	}
	tracker := track.New(track.Options{Policy: o.Policy, Vantages: vantagesOf(all)})
	for _, p := range all {
		r, err := p.Round(ctx)
		switch {
		case errors.Is(err, wire.ErrVantageGone), errors.Is(err, wire.ErrVantageDenied):
			tracker.RecordGone(p.Vantage())
		case err != nil:
			return report.Report{}, err
		default:
			tracker.RecordOnce(r)
		}
	}
	return report.New(tracker.Snapshot()), nil
}
