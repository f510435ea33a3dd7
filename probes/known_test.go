package probes_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/probes"
)

// TestStrangersTeachNothing wants no failure of how an answer came to change what is
// known, whatever its body says: a foreign server's, a torn one's, a late one's.
func TestStrangersTeachNothing(t *testing.T) {
	known := learned(app.round())
	other := says{"arn:aws:iam::999999999999:instance-profile/other", "AIPAOTHER", "other", "2"}
	genuine := map[probes.Reason]bool{
		probes.ReasonProfileMismatch: true, probes.ReasonRoleMismatch: true, probes.ReasonProfilePresent: true,
		probes.ReasonProfileNotFound: true, probes.ReasonProfileWithoutRole: true,
		probes.ReasonAssumeRoleRefused: true, probes.ReasonOtherCode: true, probes.ReasonExpired: true,
	}
	for _, reason := range probes.Reasons() {
		r := other.round()
		for _, p := range probes.Ladder() {
			r = failed(r, p, reason)
		}
		got, change := known.Learn(r)
		if taught := got.ProfileARN == other.arn; taught != genuine[reason] {
			t.Errorf("%v: taught is %v", reason, taught)
		}
		if genuine[reason] {
			continue
		}
		want := known
		if reason == probes.ReasonNotFound || reason == probes.ReasonAbsentAsExpected { // IMDS's own 404 of iam/
			want.Absent, want.Expiration, want.Born = true, time.Time{}, time.Time{}
		}
		if diff := cmp.Diff(want, got); diff != "" || change != (probes.Change{}) {
			t.Errorf("%v: %+v, -want +got:\n%s", reason, change, diff)
		}
	}
}

// TestFirstSight wants nothing to have changed where nothing was known.
func TestFirstSight(t *testing.T) {
	known, change := probes.Known{}.Learn(app.round())
	if change != (probes.Change{}) || known.Old != (probes.Old{}) || known.Role != "app" {
		t.Errorf("%+v, %+v", change, known)
	}
}

// TestIdentityChanges follows replaced profiles and roles until their own credentials
// come, or until the change is undone.
func TestIdentityChanges(t *testing.T) {
	replaced := says{"arn:aws:iam::123456789012:instance-profile/web", "AIPAWEB", "web", "1"}
	recreated := says{app.arn, "AIPANEW", "app", "1"}
	role := says{app.arn, app.id, "worker", "1"}
	fresh := func(s says) says { s.keys = "2"; return s }
	for name, tc := range map[string]struct {
		then    []says
		changed probes.Reason // still, after the last
		last    probes.Change
	}{
		"nothing":                   {[]says{app}, probes.ReasonNone, probes.Change{}},
		"rotated":                   {[]says{fresh(app)}, probes.ReasonNone, probes.Change{Rotated: true}},
		"profile replaced":          {[]says{replaced}, probes.ReasonProfileReplaced, probes.Change{Profile: probes.ReasonProfileReplaced}},
		"profile re-created":        {[]says{recreated}, probes.ReasonProfileRecreated, probes.Change{Profile: probes.ReasonProfileRecreated}},
		"role replaced":             {[]says{role}, probes.ReasonRoleReplaced, probes.Change{Profile: probes.ReasonRoleReplaced}},
		"still replaced":            {[]says{replaced, replaced}, probes.ReasonProfileReplaced, probes.Change{}},
		"with its own credentials":  {[]says{fresh(replaced)}, probes.ReasonNone, probes.Change{Rotated: true, Profile: probes.ReasonProfileReplaced}},
		"credentials came":          {[]says{replaced, fresh(replaced)}, probes.ReasonNone, probes.Change{Rotated: true}},
		"undone":                    {[]says{role, app}, probes.ReasonNone, probes.Change{Profile: probes.ReasonRoleReplaced}},
		"undone, and rotated since": {[]says{role, app, fresh(app)}, probes.ReasonNone, probes.Change{Rotated: true}},
		"twice":                     {[]says{role, replaced}, probes.ReasonProfileReplaced, probes.Change{Profile: probes.ReasonProfileReplaced}},
		"twice, undone":             {[]says{role, replaced, app}, probes.ReasonNone, probes.Change{Profile: probes.ReasonProfileReplaced}},
		"twice, half undone":        {[]says{role, {app.arn, "AIPANEW", "worker", "1"}, recreated}, probes.ReasonProfileRecreated, probes.Change{Profile: probes.ReasonRoleReplaced}},
	} {
		known, change := learned(app.round()), probes.Change{}
		for _, s := range tc.then {
			known, change = known.Learn(s.round())
		}
		if known.Old.Changed != tc.changed || change != tc.last {
			t.Errorf("%s: changed %v (want %v), %+v (want %+v)", name, known.Old.Changed, tc.changed, change, tc.last)
		}
		if (known.Old == probes.Old{}) != (tc.changed == probes.ReasonNone) {
			t.Errorf("%s: keeps %+v", name, known.Old)
		}
	}
}

// TestLifeIsOfOneRound wants when credentials were made and when they expire to be
// told together or not at all.
func TestLifeIsOfOneRound(t *testing.T) {
	known := learned(app.round())
	if life, ok := known.Life(); !ok || life.Born != now.Add(-10*time.Minute) || life.Expires != now.Add(6*time.Hour) {
		t.Errorf("%+v, %v", life, ok)
	}
	r := app.round()
	r.Results[probes.ProbeIAMInfo].Content.Info.LastUpdated = time.Time{}
	r.Results[probes.ProbeRoleCredentials].Content.Credentials.Expiration = now.Add(7 * time.Hour)
	known, _ = known.Learn(r)
	if life, ok := known.Life(); ok || known.Expiration != now.Add(7*time.Hour) {
		t.Errorf("the life %+v has two ends of two rounds", life)
	}
	r.Results[probes.ProbeIAMInfo].Content.Info.LastUpdated = now.Add(8 * time.Hour)
	if known, _ = known.Learn(r); !known.Born.IsZero() {
		t.Errorf("made at %v, after they expire", known.Born)
	}
}

// TestUnseenStays wants what a round could not see to stay known.
func TestUnseenStays(t *testing.T) {
	known := learned(app.round())
	got, change := known.Learn(probes.Round{Vantage: "host", Start: now.Add(time.Minute)})
	if diff := cmp.Diff(known, got); diff != "" || change != (probes.Change{}) {
		t.Errorf("%+v\n%s", change, diff)
	}
}

// TestAbsence wants a profile that is taken away to take the expiry with it, and a
// profile that comes to end the absence.
func TestAbsence(t *testing.T) {
	gone := failed(probes.Round{Vantage: "host", Start: now}, probes.ProbeIAM, probes.ReasonNotFound)
	known := learned(app.round(), gone)
	if !known.Absent || !known.Expiration.IsZero() {
		t.Errorf("%+v", known)
	}
	for _, reason := range []probes.Reason{probes.ReasonOK, probes.ReasonProfilePresent} {
		back := app.round()
		back.Results[probes.ProbeIAM].Reason = reason
		if again, _ := known.Learn(back); again.Absent || again.Expiration.IsZero() {
			t.Errorf("%v: %+v", reason, again)
		}
	}
}
