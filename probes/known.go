package probes

import "time"

// Known is what earlier rounds of a vantage have taught. The zero value knows
// nothing. It is a value: [Known.Learn] returns a new one. As JSON it is what the
// state file keeps of it.
type Known struct {
	Identity
	AccessKeyHash string `json:"access_key_hash"`
	// Expiration is the expiry of the credentials last seen; zero when there is no
	// profile any more.
	Expiration time.Time `json:"expiration"`
	// Born is when those credentials were made; zero where the documents did not say
	// both together.
	Born time.Time `json:"keys_born"`
	// Absent tells that there was no instance profile when last looked.
	Absent bool `json:"absent"`
	// Old is what there was before the profile or its role changed, while the
	// credentials served are still of that.
	Old Old `json:"old"`
	// Clock is the clock offset at the time ClockAt, smoothed over rounds.
	Clock   ClockOffset `json:"-"`
	ClockAt time.Time   `json:"-"`
}

// Identity says which profile and role an instance has.
type Identity struct {
	ProfileARN string `json:"instance_profile_arn"`
	ProfileID  string `json:"instance_profile_id"`
	Role       string `json:"role"`
}

// Old is an identity that was replaced, and the credentials that it left behind.
type Old struct {
	Identity
	AccessKeyHash string `json:"access_key_hash"`
	// Changed says what was replaced; [ReasonNone] if nothing was.
	Changed Reason `json:"changed"`
}

// Life returns the life of the credentials last seen, where the documents told it.
func (k Known) Life() (l Life, ok bool) {
	l = Life{Born: k.Born, Expires: k.Expiration}
	return l, l.known()
}

// Change is what differs between a round and what was known before it.
type Change struct {
	// Rotated tells whether other credentials are served than before.
	Rotated bool
	// Profile says what changed of the profile or its role; [ReasonNone] if nothing did.
	Profile Reason
}

// Learn returns what is known after a round, and what the round changed. What a
// round could not see, it does not unlearn; only what IMDS itself said is believed,
// see [Verdict.Genuine]. A round whose condition is not confirmed should teach
// nothing: the caller then keeps what it knew.
func (k Known) Learn(r Round) (Known, Change) {
	next := k
	next.remember(r)
	change := Change{
		Rotated: differs(k.AccessKeyHash, next.AccessKeyHash),
		Profile: k.changed(next.Identity),
	}
	if next.Old.Changed == ReasonNone {
		next.Old = Old{Identity: k.Identity, AccessKeyHash: k.AccessKeyHash}
	}
	next.Old.Changed = next.Old.changed(next.Identity) // none, if the change was undone
	if next.Old.Changed == ReasonNone || next.AccessKeyHash != next.Old.AccessKeyHash {
		next.Old = Old{}
	}
	return next, change
}

// changed says what another identity has changed of this one.
func (i Identity) changed(now Identity) Reason {
	switch {
	case differs(i.ProfileARN, now.ProfileARN):
		return ReasonProfileReplaced
	case differs(i.ProfileID, now.ProfileID):
		return ReasonProfileRecreated
	case differs(i.Role, now.Role):
		return ReasonRoleReplaced
	}
	return ReasonNone
}

func (k *Known) remember(r Round) {
	r = r.genuine()
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
		k.Absent, k.Expiration, k.Born = true, time.Time{}, time.Time{}
	}
	if !doc.Expiration.IsZero() {
		k.Expiration, k.Born = doc.Expiration, time.Time{}
		if life, ok := r.Life(); ok {
			k.Born = life.Born
		}
	}
	if r.Clock.Measured {
		k.Clock = k.Clock.After(r.End().Sub(k.ClockAt)).And(r.Clock)
		k.ClockAt = r.End()
	}
}

// differs compares with what was known before, if anything was.
func differs(before, after string) bool { return before != "" && before != after }
