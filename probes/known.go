package probes

import "time"

// Known is what earlier rounds of a vantage have taught. The zero value knows
// nothing. It is a value: [Known.Learn] returns a new one.
type Known struct {
	ProfileARN    string
	ProfileID     string
	Role          string
	AccessKeyHash string
	// Expiration is the expiry of the keys last seen; zero when there is no profile
	// any more.
	Expiration time.Time
	// Life is the life of those keys, where the documents told it together.
	Life Life
	// Absent tells that there was no instance profile when last looked.
	Absent bool
	// OldKeys is the hash of keys that were there before the profile or its role
	// changed, while they are still served; Changed says what changed.
	OldKeys string
	Changed Reason
	// Clock is the clock offset at the time ClockAt, smoothed over rounds.
	Clock   ClockOffset
	ClockAt time.Time
}

// Change is what differs between a round and what was known before it.
type Change struct {
	// Rotated tells whether other keys are served than before.
	Rotated bool
	// Profile says what changed of the profile or its role; [ReasonNone] if nothing did.
	Profile Reason
}

// Learn returns what is known after a round, and what the round changed. What a
// round could not see, it does not unlearn.
func (k Known) Learn(r Round) (Known, Change) {
	change := Change{
		Rotated: differs(k.AccessKeyHash, r.Credentials().AccessKeyHash),
		Profile: k.profileChange(r),
	}
	next := k
	next.remember(r)
	if change.Profile != ReasonNone {
		next.OldKeys, next.Changed = k.AccessKeyHash, change.Profile
	}
	if next.AccessKeyHash != next.OldKeys {
		next.OldKeys, next.Changed = "", ReasonNone
	}
	return next, change
}

func (k Known) profileChange(r Round) Reason {
	info := r.Info()
	switch {
	case differs(k.ProfileARN, info.ProfileARN):
		return ReasonProfileReplaced
	case differs(k.ProfileID, info.ProfileID):
		return ReasonProfileRecreated
	case differs(k.Role, r.Role()):
		return ReasonRoleReplaced
	}
	return ReasonNone
}

func (k *Known) remember(r Round) {
	info, doc := r.Info(), r.Credentials()
	for _, f := range []struct {
		field *string
		seen  string
	}{
		{&k.ProfileARN, info.ProfileARN},
		{&k.ProfileID, info.ProfileID},
		{&k.Role, r.Role()},
		{&k.AccessKeyHash, doc.AccessKeyHash},
	} {
		if f.seen != "" {
			*f.field = f.seen
		}
	}
	switch r.Result(ProbeIAM).Reason { //nolint:exhaustive // anything else tells neither
	case ReasonOK, ReasonProfilePresent:
		k.Absent = false
	case ReasonNotFound, ReasonAbsentAsExpected:
		k.Absent, k.Expiration, k.Life = true, time.Time{}, Life{}
	}
	if !doc.Expiration.IsZero() {
		k.Expiration = doc.Expiration
	}
	if life, ok := r.Life(); ok {
		k.Life = life
	}
	if r.Clock.Measured {
		k.Clock = k.Clock.After(r.End().Sub(k.ClockAt)).And(r.Clock)
		k.ClockAt = r.End()
	}
}

// differs compares two sights of which both must have seen something.
func differs(before, after string) bool {
	return before != "" && after != "" && before != after
}
