package imdstest_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// life is what the documents say of the credentials' times, counted from now.
type life struct{ Renewed, Expires time.Duration }

// lifeOf reads iam/info and the role's document.
func lifeOf(t *testing.T, s *imdstest.Simulator) (l life, key string) {
	t.Helper()
	b := browse(t, s)
	var info struct{ LastUpdated time.Time }
	var role struct {
		AccessKeyID             string
		LastUpdated, Expiration time.Time
	}
	for path, document := range map[string]any{"info": &info, "security-credentials/app": &role} {
		if err := json.Unmarshal([]byte(b.text("/latest/meta-data/iam/"+path)), document); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	if off := role.LastUpdated.Sub(info.LastUpdated).Abs(); off > 45*time.Second {
		t.Errorf("the role's LastUpdated is %v off that of iam/info", off)
	}
	now := time.Now()
	return life{info.LastUpdated.Sub(now), role.Expiration.Sub(now)}, role.AccessKeyID
}

// TestKeys has the times of credentials after a while, and whether they are others
// than at first.
func TestKeys(t *testing.T) {
	born := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when a bubble begins
	const minute = time.Minute
	for name, tc := range map[string]struct {
		keys    imdstest.Keys
		after   time.Duration
		want    life
		renewed bool
	}{
		"at first":                {imdstest.Keys{Every: time.Hour, Lifetime: 6 * time.Hour}, 0, life{-20 * minute, 340 * minute}, false},
		"just before renewal":     {imdstest.Keys{Every: time.Hour, Lifetime: 6 * time.Hour}, 39 * minute, life{-59 * minute, 301 * minute}, false},
		"after three renewals":    {imdstest.Keys{Every: time.Hour, Lifetime: 6 * time.Hour}, 165 * minute, life{-5 * minute, 355 * minute}, true},
		"never renewed":           {imdstest.Keys{Lifetime: 6 * time.Hour}, 10 * time.Hour, life{-620 * minute, -260 * minute}, false},
		"born at a time":          {imdstest.Keys{Born: born, Every: time.Hour, Lifetime: 2 * time.Hour}, 90 * minute, life{-30 * minute, 90 * minute}, true},
		"renewal that stops":      {imdstest.Keys{Born: born, Every: time.Hour, Lifetime: 6 * time.Hour, RefreshStops: born.Add(70 * minute)}, 5 * time.Hour, life{-4 * time.Hour, 2 * time.Hour}, true},
		"renewal has not stopped": {imdstest.Keys{Born: born, Every: time.Hour, Lifetime: 6 * time.Hour, RefreshStops: born.Add(24 * time.Hour)}, 5 * time.Hour, life{0, 6 * time.Hour}, true},
		"old when they are set":   {imdstest.Keys{Age: 3 * time.Hour, Every: time.Hour, Lifetime: 6 * time.Hour}, 2 * time.Hour, life{-5 * time.Hour, time.Hour}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sc := imdstest.MustFind("healthy")
				sc.Instance.Profile.Keys = tc.keys
				sim := imdstest.New(sc)
				_, first := lifeOf(t, sim)
				time.Sleep(tc.after)
				got, key := lifeOf(t, sim)
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				if renewed := key != first; renewed != tc.renewed {
					t.Errorf("renewed: %t", renewed)
				}
			})
		})
	}
}

// TestJitter wants the role's own LastUpdated to differ from renewal to renewal.
func TestJitter(t *testing.T) {
	sim := imdstest.New(imdstest.MustFind("imdsv1_enabled"))
	b := browse(t, sim)
	seen := map[time.Duration]bool{}
	start := time.Now()
	for i := range 10 {
		var role struct{ LastUpdated time.Time }
		if err := json.Unmarshal([]byte(b.text("/latest/meta-data/iam/security-credentials/app")), &role); err != nil {
			t.Fatal(err)
		}
		seen[role.LastUpdated.Sub(start.Add(time.Duration(i)*imdstest.RefreshEvery)).Round(2*time.Second)] = true
		sim.Advance(imdstest.RefreshEvery)
		b = browse(t, sim)
	}
	if len(seen) < 5 {
		t.Errorf("jitter of ten renewals: %v", seen)
	}
}

// TestBefore wants a scenario that is about a change to show a healthy instance
// first.
func TestBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc := imdstest.MustFind("profile_recreated")
		b := browse(t, imdstest.New(sc))
		id := func() string {
			var info struct{ InstanceProfileID string }
			if err := json.Unmarshal([]byte(b.text("/latest/meta-data/iam/info")), &info); err != nil {
				t.Fatal(err)
			}
			return info.InstanceProfileID
		}
		time.Sleep(sc.Before - time.Nanosecond)
		if got := id(); got != imdstest.ProfileID {
			t.Errorf("before: %s", got)
		}
		time.Sleep(time.Nanosecond)
		if got := id(); got != sc.Instance.Profile.ID || got == imdstest.ProfileID {
			t.Errorf("after: %s", got)
		}
	})
}
