package agent

import (
	"context"
	"slices"
	"time"

	"github.com/imds-probe/imds-probe/probes/ladder"
)

// measureEvery is how often what seldom changes is measured; remeasureAfter is
// how soon again when nothing could be said, as while IMDS is blocked.
const (
	measureEvery   = time.Hour
	remeasureAfter = time.Minute
)

// measure measures the hop limit, and asks for IMDSv1, after the first rounds and
// then hourly. Where nothing can be said the metric is absent. Each has a schedule of
// its own: AWS counts the requests that ask for IMDSv1.
func (a *Agent) measure(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-a.lapped:
	}
	for due := a.measurements(); len(due) > 0; {
		slices.SortFunc(due, func(a, b measurement) int { return a.at.Compare(b.at) })
		if err := sleepUntil(ctx, due[0].at); err != nil {
			return err
		}
		due[0].at = time.Now().Add(due[0].measure(ctx))
	}
	return nil
}

// measurement is what is measured now and then; measure returns after how long to do
// it again.
type measurement struct {
	at      time.Time
	measure func(context.Context) time.Duration
}

func (a *Agent) measurements() (all []measurement) {
	if a.options.HopLimit {
		all = append(all, measurement{measure: a.measureHopLimit})
	}
	if a.options.V1 {
		all = append(all, measurement{measure: a.measureV1})
	}
	return all
}

func (a *Agent) measureHopLimit(ctx context.Context) time.Duration {
	hops, made := ladder.HopLimit(ctx, a.options.ladder())
	a.tracker.RecordRequests(made...)
	a.tracker.RecordHopLimit(hops)
	if hops == 0 {
		return remeasureAfter
	}
	return measureEvery
}

// measureV1 asks again soon only if its request did not reach IMDS, which has counted
// it otherwise.
func (a *Agent) measureV1(ctx context.Context) time.Duration {
	enabled, ok, made := ladder.V1Enabled(ctx, a.options.ladder())
	a.tracker.RecordRequests(made)
	a.tracker.RecordV1(enabled, ok)
	if !made.Answered() {
		return remeasureAfter
	}
	return measureEvery
}
