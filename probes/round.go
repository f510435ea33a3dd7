package probes

import "time"

// Round is one pass over the ladder for one vantage.
type Round struct {
	Vantage  string
	Start    time.Time
	Duration time.Duration
	// Results has one result for each probe, in the order of the ladder.
	Results [probeCount]Result
	// Clock is the offset of the host clock as this round measured it.
	Clock ClockOffset
	// Drops are the host's link-local drop counters at the end, by device.
	Drops map[string]uint64
	// Dropped is by how much the counters moved during the round.
	Dropped uint64
}

// Result is what one probe saw and what that means.
type Result struct {
	Observation
	Verdict
}

// Result returns the result of one probe.
func (r Round) Result(p Probe) Result { return r.Results[p] }

// Duration returns how long the probe's exchanges took together.
func (r Result) Duration() (d time.Duration) {
	for _, e := range r.Exchanges {
		d += e.Total
	}
	return d
}

// End returns when the round ended, by the host clock.
func (r Round) End() time.Time { return r.Start.Add(r.Duration) }

// Now returns when the round ended, by IMDS's clock.
func (r Round) Now() time.Time { return r.Clock.Correct(r.End()) }

// Info returns what iam/info says; the zero value if it was not read.
func (r Round) Info() InfoDocument {
	if info := r.Results[ProbeIAMInfo].Content.Info; info != nil {
		return *info
	}
	return InfoDocument{}
}

// Credentials returns what the role's document says; the zero value if it was
// not read.
func (r Round) Credentials() CredentialsDocument {
	if doc := r.Results[ProbeRoleCredentials].Content.Credentials; doc != nil {
		return *doc
	}
	return CredentialsDocument{}
}

// Role returns the role that the listing names, or "".
func (r Round) Role() string { return r.Results[ProbeRoleList].Content.Role }

// Code returns EC2's own code and message: those of the role's document if it
// reports an error, else those of iam/info.
func (r Round) Code() (code, message string) {
	info, doc := r.Info(), r.Credentials()
	if doc.Code != "" && !IsSuccess(doc.Code) || info.Code == "" {
		return doc.Code, doc.Message
	}
	return info.Code, info.Message
}

// genuine returns the round without the contents that are not IMDS's own word.
func (r Round) genuine() Round {
	for p := range r.Results {
		if !r.Results[p].Genuine() {
			r.Results[p].Content = Content{}
		}
	}
	return r
}

// Exchanges returns all exchanges of the round, in their order.
func (r Round) Exchanges() []Exchange {
	all := make([]Exchange, 0, probeCount)
	for _, result := range r.Results {
		all = append(all, result.Exchanges...)
	}
	return all
}

// Life is the life of the keys that a round saw.
type Life struct {
	Born, Expires time.Time
}

// Life returns the life of the keys, from iam/info's LastUpdated (the role
// document's own is jittered) to Expiration. It is not ok where the documents do
// not say.
func (r Round) Life() (l Life, ok bool) {
	l = Life{Born: r.Info().LastUpdated, Expires: r.Credentials().Expiration}
	return l, l.known()
}

// known tells whether it is a life at all.
func (l Life) known() bool { return !l.Born.IsZero() && l.Expires.After(l.Born) }

// At returns when the given share of the life is left.
func (l Life) At(left float64) time.Time {
	return l.Expires.Add(-time.Duration(left * float64(l.Expires.Sub(l.Born))))
}

// Left returns the share of the life that is left, between 0 and 1; it is 1 for
// keys that seem to be born in the future.
func (l Life) Left(now time.Time) float64 {
	left := float64(l.Expires.Sub(now)) / float64(l.Expires.Sub(l.Born))
	return max(0, min(1, left))
}
