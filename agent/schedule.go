package agent

import (
	"context"
	"errors"
	"hash/fnv"
	"time"

	"go.uber.org/zap"

	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes/ladder"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// rounds makes rounds for all vantages until the context ends. They are made one
// after another, since IMDS limits simultaneous connections: first one of each
// at once, and then each at its own phase of the interval.
func (a *Agent) rounds(ctx context.Context) error {
	due := newTimetable(a.options.Host, a.vantages(), time.Now(), a.options.Interval)
	for {
		i, at := due.next()
		if err := a.notify.sleepUntil(ctx, at); err != nil {
			return err
		}
		confirm := a.round(ctx, a.probers[i])
		if err := ctx.Err(); err != nil {
			return err
		}
		due.done(i, time.Now(), confirm)
		a.tracker.RecordNext(a.probers[i].Vantage(), due.at[i])
		a.publish()
		a.rest(due, i)
	}
}

// rest is for what waits until the daemon is idle: when each vantage has had its
// first round, and then once an interval, after the first vantage's.
func (a *Agent) rest(due *timetable, vantage int) {
	if _, at := due.next(); !at.After(time.Now()) {
		return
	}
	select {
	case <-a.lapped:
		if vantage != 0 {
			return
		}
	default:
		close(a.lapped) // nobody else does
	}
	if a.options.Rest != nil {
		a.options.Rest()
	}
}

// round makes one round and takes it in. It returns after how long the round
// should be repeated; 0 means with the next interval.
func (a *Agent) round(ctx context.Context, p *ladder.Prober) (confirm time.Duration) {
	r, err := p.Round(ctx)
	vantage := p.Vantage()
	var events []track.Event
	switch {
	case ctx.Err() != nil:
		return 0 // a round cut by the end is no verdict
	case errors.Is(err, wire.ErrVantageGone), errors.Is(err, wire.ErrVantageDenied):
		a.warnGone(vantage, err)
		events = a.tracker.RecordGone(vantage)
	case err != nil:
		a.log.Warn("round failed", zap.String("vantage", vantage), zap.Error(err))
	default:
		delete(a.gone, vantage)
		a.metrics.Observe(r)
		events, confirm = a.tracker.Record(r)
		logRound(a.log, r)
	}
	for _, e := range events {
		logEvent(a.log, e)
	}
	return confirm
}

// warnGone says once that a vantage is not there, and why.
func (a *Agent) warnGone(vantage string, err error) {
	if !a.gone[vantage] {
		a.log.Warn("nothing can be asked from a vantage; the others are watched", zap.String("vantage", vantage), zap.Error(err))
	}
	a.gone[vantage] = true
}

// timetable says when each vantage's next round is due.
type timetable struct {
	interval time.Duration
	at       []time.Time // of the next round
	regular  []time.Time // of the next round but for confirmations
}

// newTimetable makes a first round of each vantage due at once. The second comes
// at a phase of the interval that differs from host to host and from vantage to
// vantage, so that hosts that boot together do not stay in step.
func newTimetable(host string, vantages []string, now time.Time, interval time.Duration) *timetable {
	t := &timetable{interval: interval}
	for _, v := range vantages {
		t.at = append(t.at, now)
		t.regular = append(t.regular, now.Add(interval/2+splay(host+" "+v, interval/2)))
	}
	return t
}

// splay spreads names evenly over a span.
func splay(name string, span time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))                           // a hash never fails
	return time.Duration(h.Sum64() % uint64(max(1, span))) //nolint:gosec // G115: less than span
}

// next returns the vantage whose round is due first.
func (t *timetable) next() (i int, at time.Time) {
	for j := range t.at {
		if t.at[j].Before(t.at[i]) {
			i = j
		}
	}
	return i, t.at[i]
}

// done sets the next round of a vantage: to confirm, or at the next beat. Beats
// that have passed are left out.
func (t *timetable) done(i int, now time.Time, confirm time.Duration) {
	if confirm > 0 {
		t.at[i] = now.Add(confirm)
		return
	}
	if !t.regular[i].After(now) {
		late := now.Sub(t.regular[i])
		t.regular[i] = now.Add(t.interval - late%t.interval)
	}
	t.at[i] = t.regular[i]
}

func sleepUntil(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
