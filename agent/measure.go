package agent

import (
	"context"
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
// then hourly. Where nothing can be said the metric is absent.
func (a *Agent) measure(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-a.lapped:
	}
	for next := time.Now(); ; {
		if err := sleepUntil(ctx, next); err != nil {
			return err
		}
		if a.measureOnce(ctx) {
			next = next.Add(measureEvery)
		} else {
			next = time.Now().Add(remeasureAfter)
		}
	}
}

// measureOnce tells whether all that is to be measured could be.
func (a *Agent) measureOnce(ctx context.Context) bool {
	done := true
	if a.options.HopLimit {
		hops, ok := ladder.HopLimit(ctx, a.options.Endpoint, a.options.Timeout)
		a.tracker.RecordHopLimit(hops, ok)
		done = ok
	}
	if a.options.V1 {
		enabled, ok := ladder.V1Enabled(ctx, a.options.Endpoint, a.options.Timeout)
		a.tracker.RecordV1(enabled, ok)
		done = done && ok
	}
	return done
}
