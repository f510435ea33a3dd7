package probes_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/probes"
)

// TestForeignAnswers wants no answer of another server than IMDS to change what is
// known, whatever its status, whatever its body says, whether it is the answer to a
// probe or to its control: from the answer to what is known, as the ladder goes.
func TestForeignAnswers(t *testing.T) {
	other := says{"arn:aws:iam::999999999999:instance-profile/other", "AIPAOTHER", "other", "2"}
	known := learned(app.round())
	for _, policy := range []probes.Policy{probes.DefaultPolicy(), {Profile: probes.ProfileOptional}, {Profile: probes.ProfileForbidden}} {
		for first := range probes.Ladder() {
			for status := 200; status < 600; status++ {
				for name, exchanges := range map[string][]probes.Exchange{
					"answer":  {foreign(status)},
					"both":    {foreign(status), foreign(status)},
					"control": {{Fault: probes.ReasonAnswerTimeout}, foreign(status)},
				} {
					r := app.round()
					for _, p := range probes.Ladder()[first:] {
						r.Results[p].Observation = probes.Observation{Probe: p, Exchanges: exchanges, Content: other.round().Results[p].Content}
						r.Results[p].Verdict = probes.Classify(r.Results[p].Observation, policy, now)
					}
					if got, change := known.Learn(r); got != known || change != (probes.Change{}) {
						t.Fatalf("%v, %d in the %s from %v on: %+v, -known +then:\n%s", policy.Profile, status, name, probes.Probe(first), change, cmp.Diff(known, got))
					}
				}
			}
		}
	}
}

// TestKnownProxy wants the answers of a proxy that the policy names to teach as IMDS's
// own do, and those of any other not to.
func TestKnownProxy(t *testing.T) {
	re, err := probes.Anchored("our-proxy/.*")
	if err != nil {
		t.Fatal(err)
	}
	policy := probes.Policy{AllowServer: re}
	for server, want := range map[string]string{"our-proxy/1": "app", "EC2ws": "app", "not our-proxy/1": "", "": ""} {
		r := app.round()
		for _, p := range probes.Ladder() {
			r.Results[p].Exchanges[0].Server = server
			r.Results[p].Verdict = probes.Classify(r.Results[p].Observation, policy, now)
		}
		if got := learned(r).Role; got != want {
			t.Errorf("%q taught the role %q", server, got)
		}
	}
}

// TestLaterAnswersChangeNoRoot wants the first answer that fails to name the root, whatever
// the later probes were answered, and however many packets were dropped.
func TestLaterAnswersChangeNoRoot(t *testing.T) {
	answers := map[string]probes.Exchange{
		"refused": lost(probes.ReasonConnectRefused), "lost": lost(probes.ReasonConnectTimeout), "foreign": foreign(200),
		"403": answer(403), "404": answer(404), "429": answer(429), "500": answer(500), "good": answer(200),
	}
	judged := func(r probes.Round, p probes.Probe, e probes.Exchange) probes.Round {
		r.Results[p].Observation = probes.Observation{Probe: p, Exchanges: []probes.Exchange{e}, Content: r.Results[p].Content}
		r.Results[p].Verdict = probes.Classify(r.Results[p].Observation, probes.DefaultPolicy(), now)
		return r
	}
	for _, dropped := range []uint64{0, 3, 4} {
		for _, first := range probes.Ladder() {
			for name, e := range answers {
				r := judged(app.round(), first, e)
				r.Dropped = dropped
				if r.Results[first].Status != probes.StatusFail || first == probes.ProbeIAMInfo {
					continue // of iam/info alone the end of the ladder decides: TestInfoAlone
				}
				want := probes.Diagnose(r, probes.DefaultPolicy(), probes.Known{})
				if want.Probe != first || want.Condition == probes.ConditionHealthy {
					t.Errorf("%s at %v: %+v", name, first, want)
				}
				for _, later := range probes.Ladder()[first+1:] {
					for other, e := range answers {
						if got := probes.Diagnose(judged(r, later, e), probes.DefaultPolicy(), probes.Known{}); got != want {
							t.Errorf("%s at %v, then %s at %v: %+v, want %+v", name, first, other, later, got, want)
						}
					}
				}
			}
		}
	}
}

// TestUnanswered wants what nobody answered to teach nothing, though a body were there.
func TestUnanswered(t *testing.T) {
	known := learned(app.round())
	for _, reason := range []probes.Reason{probes.ReasonConnectTimeout, probes.ReasonAnswerTimeout, probes.ReasonConnectionReset, probes.ReasonNotHTTP} {
		r := says{"arn", "id", "other", "2"}.round()
		r.Start = now.Add(time.Minute)
		for _, p := range probes.Ladder() {
			r.Results[p].Exchanges = []probes.Exchange{lost(reason)}
			r.Results[p].Verdict = probes.Classify(r.Results[p].Observation, probes.Policy{}, now)
		}
		if got, change := known.Learn(r); got != known || change != (probes.Change{}) {
			t.Errorf("%v: %s", reason, cmp.Diff(known, got))
		}
	}
}
