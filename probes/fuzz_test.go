package probes_test

import (
	"slices"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// checkDiagnosis wants exactly one condition of the closed set, never unknown.
func checkDiagnosis(t *testing.T, r probes.Round, policy probes.Policy) {
	t.Helper()
	known, _ := probes.Known{}.Learn(r)
	d := probes.Diagnose(r, policy, known)
	if _, err := d.Condition.MarshalText(); err != nil || d.Condition == probes.ConditionUnknown && !saysNothing(d.Reason) {
		t.Errorf("condition %v of %+v", d.Condition, r)
	}
	if _, err := d.Reason.MarshalText(); err != nil || d.Reason == probes.ReasonNone {
		t.Errorf("reason %v of %+v", d.Reason, r)
	}
	for _, result := range r.Results {
		if result.Status == probes.StatusFail && d.Condition == probes.ConditionHealthy {
			t.Errorf("healthy although a probe failed: %+v", r)
		}
	}
	_ = probes.Summary(r, d)
}

// FuzzDiagnose builds any round from its bytes: for each probe a status, a
// server, a fault and a content.
func FuzzDiagnose(f *testing.F) {
	f.Add([]byte{200, 0, 0, 0, 200, 0, 0, 0}, uint8(0), int64(0))
	f.Add([]byte{147, 1, 5, 3, 2, 1, 0, 9, 4, 4, 4, 4, 200, 200, 200, 200, 31, 7}, uint8(1), int64(time.Hour))
	f.Fuzz(func(t *testing.T, data []byte, presence uint8, offset int64) {
		next := func() (b byte) {
			if len(data) > 0 {
				b, data = data[0], data[1:]
			}
			return b
		}
		policy := probes.DefaultPolicy()
		policy.Profile = probes.Presence(presence % 3)
		now := time.Unix(1.7e9, 0)
		r := probes.Round{Start: now, Dropped: uint64(next() % 8)}
		for _, p := range probes.Ladder() {
			o := anyObservation(p, next, now.Add(time.Duration(offset)))
			r.Results[p] = probes.Result{Observation: o, Verdict: probes.Classify(o, policy, now)}
		}
		checkDiagnosis(t, r, policy)
	})
}

// saysNothing tells whether a reason makes a round one that says nothing of IMDS.
func saysNothing(r probes.Reason) bool {
	return slices.ContainsFunc(probes.Explain(probes.ConditionUnknown).Faces, func(f probes.Face) bool { return f.Reason == r })
}

func anyObservation(p probes.Probe, next func() byte, at time.Time) probes.Observation {
	statuses := []int{0, 200, 204, 301, 400, 401, 403, 404, 405, 418, 429, 500, 503, 999}
	servers := []string{"EC2ws", "EC2ws", "", "nginx"}
	reasons := probes.Reasons()
	o := probes.Observation{Probe: p}
	for range 1 + next()%2 {
		e := probes.Exchange{Status: statuses[int(next())%len(statuses)], Server: servers[int(next())%len(servers)]}
		if e.Status == 0 || next()%4 == 0 {
			e.Fault = probes.ReasonConnectTimeout + probes.Reason(next())%(probes.ReasonNotHTTP-probes.ReasonConnectTimeout+1)
		}
		o.Exchanges = append(o.Exchanges, e)
	}
	switch next() % 4 {
	case 0:
		o.Content.Defect = reasons[int(next())%len(reasons)]
	case 1:
		o.Content.Info = &probes.InfoDocument{Code: []string{"Success", "InstanceProfileNotFound", "", "x"}[next()%4], LastUpdated: at}
		o.Content.Credentials = &probes.CredentialsDocument{Code: []string{"Success", "AssumeRoleUnauthorizedAccess", "", "x"}[next()%4], Expiration: at.Add(time.Hour)}
	}
	return o
}
