package probes_test

import (
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// now is a moment of the tests.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// says is what IMDS says of an instance.
type says struct {
	arn, id, role, keys string
}

var app = says{"arn:aws:iam::123456789012:instance-profile/app", "AIPAAPP", "app", "1"}

// round is one in which each probe passed.
func (s says) round() probes.Round {
	r := probes.Round{Vantage: "host", Start: now}
	for _, p := range probes.Ladder() {
		r.Results[p] = probes.Result{
			Observation: probes.Observation{Probe: p, Exchanges: []probes.Exchange{{Method: "GET", Status: 200, Server: "EC2ws"}}},
			Verdict:     probes.Verdict{Status: probes.StatusPass, Reason: probes.ReasonOK},
		}
	}
	r.Results[probes.ProbeIAMInfo].Content.Info = &probes.InfoDocument{
		Code: "Success", LastUpdated: now.Add(-10 * time.Minute), ProfileARN: s.arn, ProfileID: s.id,
	}
	r.Results[probes.ProbeRoleList].Content.Role = s.role
	r.Results[probes.ProbeRoleCredentials].Content.Credentials = &probes.CredentialsDocument{
		Code: "Success", Expiration: now.Add(6 * time.Hour), AccessKeyHash: s.keys,
	}
	return r
}

// failed is the round with a probe that failed, whatever it read.
func failed(r probes.Round, p probes.Probe, reason probes.Reason) probes.Round {
	r.Results[p].Verdict = probes.Verdict{Status: probes.StatusFail, Reason: reason}
	return r
}

// learned is what rounds teach, one after another.
func learned(rounds ...probes.Round) (k probes.Known) {
	for _, r := range rounds {
		k, _ = k.Learn(r)
	}
	return k
}
