package doctor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/doctor"
	"github.com/imds-probe/imds-probe/probes"
)

// TestPartialSightings: what an observer does not see is not held against the instance,
// and what it does see counts.
func TestPartialSightings(t *testing.T) {
	created := strings.Replace(roleXML("app", policy(allowEC2)), "<Path>", "<CreateDate>2026-01-02T11:00:00Z</CreateDate><Path>", 1)
	for name, c := range map[string]struct {
		seen   doctor.Sighting
		status probes.Status
		reason doctor.Reason
	}{
		"the role alone":                      {doctor.Sighting{Role: "app"}, probes.StatusPass, "ok"},
		"a former role alone":                 {doctor.Sighting{Role: "former"}, probes.StatusFail, "role_replaced"},
		"the profile alone":                   {doctor.Sighting{ProfileARN: profileARN}, probes.StatusPass, "ok"},
		"old credentials of no known role":    {doctor.Sighting{ProfileARN: profileARN, Issued: noon.Add(-3 * time.Hour)}, probes.StatusPass, "ok"},
		"old credentials of a re-created one": {doctor.Sighting{Role: "app", Issued: noon.Add(-3 * time.Hour)}, probes.StatusFail, "role_recreated"},
	} {
		t.Run(name, func(t *testing.T) {
			c.seen.By = "IMDS"
			f := with("GetRole", result("GetRole", "<Role>"+created+"</Role>"))
			r := f.doctor().Instance(t.Context(), doctor.InstanceRequest{
				ID: instanceID, Seen: doctor.Answer[doctor.Sighting]{Asked: "GET iam/info", Value: c.seen},
			})
			if s := stepOf(t, r, "role_seen"); s.Status != c.status || s.Reason != c.reason {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestAgentSeesAnotherFault: an empty profile does not explain a firewall, so both are
// found.
func TestAgentSeesAnotherFault(t *testing.T) {
	r := with("GetInstanceProfile", gotProfile("")).doctor().
		Instance(t.Context(), doctor.InstanceRequest{ID: instanceID, Agent: seenBy(probes.ConditionFirewallBlocked, "", "", "")})
	var all []doctor.Condition
	for _, f := range r.Findings {
		all = append(all, f.Condition)
	}
	if len(all) != 2 || all[0] != "no_role" || all[1] != "firewall_blocked" {
		t.Errorf("found %q", all)
	}
}

// TestProfileWithoutID: a profile whose id IAM does not tell was not re-created.
func TestProfileWithoutID(t *testing.T) {
	f := with("GetInstanceProfile", strings.Replace(gotProfile(roleXML("app", policy(allowEC2))), "<InstanceProfileId>AIPAEXAMPLEEXAMPLE000</InstanceProfileId>", "", 1))
	r := f.doctor().Instance(t.Context(), doctor.InstanceRequest{ID: instanceID})
	expect(t, r, doctor.ConditionNoFault, ok)
	if s := stepOf(t, r, "profile_id"); s.Status != probes.StatusSkip {
		t.Errorf("%+v", s)
	}
}
