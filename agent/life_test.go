package agent_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/agent/internal/agenttest"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// TestAWeekOfRotation wants no false condition in seven days of hourly rotation
// with the real jitter, and exactly the rotations that happened.
func TestAWeekOfRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "healthy", func(o *agent.Options) { o.Interval = 2 * time.Minute })
		defer d.Stop()
		time.Sleep(7 * 24 * time.Hour)
		synctest.Wait()
		want := map[string]int{"started": 1, "condition_changed": 1, "credentials_rotated": 7 * 24}
		if diff := cmp.Diff(want, d.Counts()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if got := d.Sample(`imds_credentials_rotations_total{vantage="host"}`); got != "168" {
			t.Errorf("%s rotations counted", got)
		}
	})
}

// TestRefreshStops wants a stalled rotation to be named at the minute at which a
// quarter of the keys' life is over, hours before they expire, whatever their
// lifetime; and then the expiry.
func TestRefreshStops(t *testing.T) {
	for _, lifetime := range []time.Duration{time.Hour, imdstest.Lifetime, 12 * time.Hour} {
		t.Run(lifetime.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := agenttest.Start(t, "healthy", func(o *agent.Options) { o.Policy.StallRatio = 0.75 })
				defer d.Stop()
				born := time.Now().Truncate(time.Second)
				d.SetKeys(func(k *imdstest.Keys) {
					*k = imdstest.Keys{Lifetime: lifetime, Every: lifetime * 60 / 395, Born: born, RefreshStops: born.Add(time.Minute)}
				})
				stalled := awaitCondition(t, d, probes.ConditionRotationStalled, lifetime)
				late := stalled.Sub(born.Add(lifetime / 4))
				if late < 0 || late > 35*time.Second {
					t.Errorf("named %v after a quarter of the life, want within an interval and its confirmation", late)
				}
				lead := born.Add(lifetime).Sub(stalled)
				t.Logf("lifetime %v: named after %v, %v before the expiry", lifetime, stalled.Sub(born).Round(time.Second), lead.Round(time.Second))
				if lifetime == imdstest.Lifetime && lead < 4*time.Hour+30*time.Minute {
					t.Errorf("lead time %v is under 4 h 30 min", lead)
				}
				expired := awaitCondition(t, d, probes.ConditionCredentialsExpired, lifetime)
				if late := expired.Sub(born.Add(lifetime)); late < 0 || late > 35*time.Second {
					t.Errorf("expiry named %v after it", late)
				}
				want := []string{"healthy", "rotation_stalled", "credentials_expired"}
				if diff := cmp.Diff(want, d.Transitions()); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

// TestStaticKeys wants keys that are never renewed but live for years to be
// healthy.
func TestStaticKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "healthy", func(o *agent.Options) { o.Interval = 5 * time.Minute })
		defer d.Stop()
		d.SetKeys(func(k *imdstest.Keys) { *k = imdstest.Keys{Lifetime: 10 * 365 * 24 * time.Hour} })
		time.Sleep(30 * 24 * time.Hour)
		synctest.Wait()
		if diff := cmp.Diff([]string{"healthy"}, d.Transitions()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// TestClockJumps wants a wrong host clock to be named as such, and neither to
// hide nor to fake an expiry or a stall.
func TestClockJumps(t *testing.T) {
	for _, jump := range []time.Duration{-24 * time.Hour, -10 * time.Minute, -3 * time.Minute, 3 * time.Minute, 10 * time.Minute, 24 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := agenttest.Start(t, "healthy", nil)
				defer d.Stop()
				time.Sleep(10 * time.Minute)
				s := imdstest.MustFind("healthy")
				s.Instance.ClockAhead = -jump // a host clock that is ahead sees IMDS behind
				s.Instance.Profile.Keys.Born = time.Now().Add(-jump - 20*time.Minute)
				s.Instance.Profile.Keys.RefreshStops = s.Instance.Profile.Keys.Born.Add(time.Second)
				d.Simulator.Set(s)
				// A clock with which AWS refuses every request comes before a stall.
				named, stalled := probes.ConditionClockWrong, probes.ConditionClockWrong
				if jump.Abs() < 5*time.Minute {
					named, stalled = probes.ConditionClockSkewed, probes.ConditionRotationStalled
				}
				awaitCondition(t, d, named, 35*time.Second)
				got := d.Status().Vantages[0].ClockOffsetSeconds
				if got == nil || *got < jump.Seconds()-1 || *got > jump.Seconds()+1 {
					t.Errorf("offset %v, want %v", got, jump.Seconds())
				}
				left := time.Duration(d.Status().Vantages[0].Credentials.SecondsLeft) * time.Second
				if want := imdstest.Lifetime - 20*time.Minute; left < want-time.Minute || left > want+2*time.Second {
					t.Errorf("%v left by the corrected clock, want %v", left, want)
				}
				time.Sleep(time.Hour)
				awaitCondition(t, d, stalled, 30*time.Minute)
				time.Sleep(4 * time.Hour)
				awaitCondition(t, d, probes.ConditionCredentialsExpired, 2*time.Hour)
				want := []string{"healthy", named.String(), stalled.String(), "credentials_expired"}
				if diff := cmp.Diff(slices.Compact(want), d.Transitions()); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

// TestClockSetRight wants the condition gone with the next round.
func TestClockSetRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "clock_skewed", nil)
		defer d.Stop()
		awaitCondition(t, d, probes.ConditionClockSkewed, 5*time.Second)
		d.Set("healthy")
		awaitCondition(t, d, probes.ConditionHealthy, 30*time.Second)
	})
}

// TestRoleSwapped wants the old role's keys to be named until the next refresh
// brings the new one's.
func TestRoleSwapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "healthy", nil)
		defer d.Stop()
		time.Sleep(10 * time.Minute) // the keys are renewed 40 min after the start
		d.SetProfile(func(p *imdstest.Profile) { p.Role = "other" })
		awaitCondition(t, d, probes.ConditionProfileChanged, 35*time.Second)
		back := awaitCondition(t, d, probes.ConditionHealthy, time.Hour)
		if due := 40 * time.Minute; back.Sub(d.Status().Agent.StartedAt) > due+31*time.Second {
			t.Errorf("back only %v after the start", back.Sub(d.Status().Agent.StartedAt))
		}
		want := []agenttest.Event{
			{Event: "started"},
			{Event: "condition_changed", Vantage: "host", From: "unknown", To: "healthy", Reason: "ok"},
			{Event: "profile_changed", Vantage: "host", Reason: "role_replaced"},
			{Event: "condition_changed", Vantage: "host", From: "healthy", To: "profile_changed", Reason: "role_replaced"},
			{Event: "credentials_rotated", Vantage: "host"},
			{Event: "condition_changed", Vantage: "host", From: "profile_changed", To: "healthy", Reason: "ok"},
		}
		if diff := cmp.Diff(want, d.Events(), cmpopts.IgnoreFields(agenttest.Event{}, "Held")); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// TestProfileRecreated wants a new InstanceProfileId under the same name to be
// seen, and to be history once the keys are new.
func TestProfileRecreated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "healthy", nil)
		defer d.Stop()
		time.Sleep(10 * time.Minute)
		d.SetProfile(func(p *imdstest.Profile) { p.ID = "AIPANEW00000000000000" })
		awaitCondition(t, d, probes.ConditionProfileChanged, 35*time.Second)
		if got := d.Status().Vantages[0].Reason; got != probes.ReasonProfileRecreated {
			t.Errorf("reason %v", got)
		}
		awaitCondition(t, d, probes.ConditionHealthy, time.Hour)
	})
}

// TestReattachedWithinOneInterval wants a profile that was detached and attached
// again between two rounds to be no event, and one that came back as another
// with new keys to be an event but no fault.
func TestReattachedWithinOneInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "healthy", nil)
		defer d.Stop()
		time.Sleep(10 * time.Minute)
		d.Set("no_instance_profile")
		d.Set("healthy")
		time.Sleep(time.Minute)
		d.SetProfile(func(p *imdstest.Profile) {
			p.ARN, p.ID = imdstest.ProfileARN+"-2", "AIPASECOND00000000000"
			p.Keys.Seed = "second"
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		want := map[string]int{"started": 1, "condition_changed": 1, "profile_changed": 1, "credentials_rotated": 1}
		if diff := cmp.Diff(want, d.Counts()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// TestExpiryOutlivesAnOutage wants the gauge, and so the alert on it, to keep
// counting while IMDS cannot be asked; and to be gone with the profile.
func TestExpiryOutlivesAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const gauge = `imds_credentials_expiration_timestamp_seconds{vantage="host"}`
		d := agenttest.Start(t, "healthy", nil)
		defer d.Stop()
		before := d.Sample(gauge)
		d.Set("firewall_drop")
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if after := d.Sample(gauge); before == "" || after != before {
			t.Errorf("%q became %q during an outage", before, after)
		}
		d.Set("no_instance_profile")
		time.Sleep(time.Minute)
		synctest.Wait()
		if after := d.Sample(gauge); after != "" {
			t.Errorf("%q without a profile", after)
		}
	})
}

// TestHealing wants the recovery from a refused trust policy within one
// interval, and the log to say how long it lasted.
func TestHealing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "assume_role_unauthorized", nil)
		defer d.Stop()
		time.Sleep(10 * time.Minute)
		d.Set("healthy")
		awaitCondition(t, d, probes.ConditionHealthy, 30*time.Second)
		events := d.Events()
		last := events[len(events)-1]
		if last.To != "healthy" || last.Held < 600 || last.Held > 640 {
			t.Errorf("%+v", last)
		}
	})
}

// TestNoRoleByDesignNeverPages wants an instance without a profile, where none is
// required, to be healthy for days; and expectations that are not met to be named.
func TestNoRoleByDesignNeverPages(t *testing.T) {
	for _, presence := range []probes.Presence{probes.ProfileOptional, probes.ProfileForbidden} {
		synctest.Test(t, func(t *testing.T) {
			d := agenttest.Start(t, "no_instance_profile", func(o *agent.Options) { o.Policy.Profile, o.Interval = presence, 2*time.Minute })
			defer d.Stop()
			time.Sleep(48 * time.Hour)
			synctest.Wait()
			if diff := cmp.Diff([]string{"healthy"}, d.Transitions()); diff != "" {
				t.Errorf("%v: -want +got:\n%s", presence, diff)
			}
			if n := d.Simulator.Counts()["GET /latest/meta-data/identity-credentials/ec2/info"]; n != 0 {
				t.Errorf("%v: %d control requests in healthy rounds", presence, n)
			}
			if got := d.Sample(`imds_probe_failures_total{probe="iam",vantage="host"}`); got != "0" {
				t.Errorf("%v: %s failures counted", presence, got)
			}
		})
	}
}

// TestHistoryIsBounded keeps the last fifty transitions.
func TestHistoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "healthy", nil)
		defer d.Stop()
		for range 40 {
			d.Set("no_role")
			time.Sleep(time.Minute)
			d.Set("healthy")
			time.Sleep(time.Minute)
		}
		synctest.Wait()
		history := d.Status().Transitions
		if len(history) != 50 || history[49].To != probes.ConditionHealthy {
			t.Errorf("%d transitions, the last %+v", len(history), history[len(history)-1])
		}
		if got := d.Sample(`imds_condition_transitions_total{vantage="host"}`); got != "81" {
			t.Errorf("%s transitions counted", got)
		}
	})
}

// suspending is a client whose host is suspended in the middle of one request.
type suspending struct {
	imds.HTTPClient
	left int // requests until then
	gap  time.Duration
}

// Do implements [imds.HTTPClient].
func (s *suspending) Do(req *http.Request) (*http.Response, error) {
	if s.left--; s.left == 0 {
		time.Sleep(s.gap) // whatever the request's deadline
	}
	return s.HTTPClient.Do(req)
}

// TestSuspend stops everything for three hours in the middle of a round, and
// wants that round to be no verdict: nothing is suspected, no missed beat is made up
// for, and no key is taken for expired or stalled.
func TestSuspend(t *testing.T) {
	for left := 31; left <= 36; left++ { // each request of the sixth round
		synctest.Test(t, func(t *testing.T) {
			d := agenttest.Start(t, "healthy", func(o *agent.Options) {
				o.HTTPClient = &suspending{HTTPClient: o.HTTPClient, left: left, gap: 3 * time.Hour}
			})
			defer d.Stop()
			time.Sleep(3*time.Hour + 10*time.Minute)
			synctest.Wait()
			want := map[string]int{"started": 1, "condition_changed": 1, "credentials_rotated": 1}
			if diff := cmp.Diff(want, d.Counts()); diff != "" {
				t.Errorf("request %d: -want +got:\n%s", left, diff)
			}
			if got := d.Sample(`imds_rounds_total{outcome="local",vantage="host"}`); got != "1" {
				t.Errorf("request %d: %s rounds counted as local", left, got)
			}
			if n := d.Simulator.Counts()["PUT /latest/api/token"]; n > 30 {
				t.Errorf("request %d: %d rounds in the ten minutes that were not slept through", left, n)
			}
		})
	}
}

// TestUnconfirmedFaultIsNotWorded wants the words of a verdict to be its own: while
// a first bad round waits to be confirmed, healthy does not quote its message.
func TestUnconfirmedFaultIsNotWorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "healthy", nil)
		defer d.Stop()
		time.Sleep(time.Minute)
		well := d.Status().Summary
		d.Set("no_role")
		seen := false
		for d.Status().Condition == probes.ConditionHealthy {
			s := d.Status()
			last := d.Agent.Tracker().Snapshot().Vantages[0].Last
			seen = seen || last.Result(probes.ProbeIAMInfo).Status == probes.StatusFail
			if s.Summary != well || s.Vantages[0].Summary != well {
				t.Fatalf("%q became %q", well, s.Summary)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if !seen {
			t.Error("no bad round was seen while the condition was healthy")
		}
	})
}
