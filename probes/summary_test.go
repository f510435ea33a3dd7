package probes_test

import (
	"strings"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// TestSummary words each condition that has figures of its own by what the round saw.
func TestSummary(t *testing.T) {
	at := func(c probes.Condition, reason probes.Reason) probes.Diagnosis {
		return probes.Diagnosis{Condition: c, Reason: reason, Probe: probes.ProbeRoleCredentials}
	}
	expiring := func(in time.Duration) probes.Round {
		r := app.round()
		r.Results[probes.ProbeRoleCredentials].Content.Credentials.Expiration = now.Add(in)
		return r
	}
	says := func(info, role probes.InfoDocument) probes.Round {
		r := app.round()
		r.Results[probes.ProbeIAMInfo].Content.Info = &info
		r.Results[probes.ProbeRoleCredentials].Content.Credentials = &probes.CredentialsDocument{Code: role.Code, Message: role.Message}
		return r
	}
	clock := func(offset time.Duration) probes.Round {
		r := app.round()
		r.Clock = bounds(offset, offset)
		return r
	}
	document := func(code, message string) probes.InfoDocument {
		return probes.InfoDocument{Code: code, Message: message}
	}
	for name, tc := range map[string]struct {
		r    probes.Round
		d    probes.Diagnosis
		want string // the end of it; empty: the face alone
	}{
		"healthy":                    {says(document("Success", "x"), document("Success", "x")), at(probes.ConditionHealthy, probes.ReasonOK), ""},
		"expired":                    {expiring(-90 * time.Minute), at(probes.ConditionCredentialsExpired, probes.ReasonExpired), " They expired at 2026-03-01T10:30:00Z, 1 h 30 min ago."},
		"expired an hour ago":        {expiring(-time.Hour), at(probes.ConditionCredentialsExpired, probes.ReasonExpired), " They expired at 2026-03-01T11:00:00Z, 1 h 00 min ago."},
		"expired this minute":        {expiring(-time.Minute), at(probes.ConditionCredentialsExpired, probes.ReasonExpired), " They expired at 2026-03-01T11:59:00Z, 1 min ago."},
		"expired just now":           {expiring(-59 * time.Second), at(probes.ConditionCredentialsExpired, probes.ReasonExpired), " They expired at 2026-03-01T11:59:01Z, 59 s ago."},
		"expired when, is not said":  {says(document("", ""), document("", "")), at(probes.ConditionCredentialsExpired, probes.ReasonExpired), ""},
		"stalled":                    {expiring(30 * time.Minute), at(probes.ConditionRotationStalled, probes.ReasonLittleLifeLeft), " They expire at 2026-03-01T12:30:00Z, in 30 min; 75 % of their life is left."},
		"stalled, and nothing said":  {probes.Round{}, at(probes.ConditionRotationStalled, probes.ReasonLittleLifeLeft), ""},
		"wrong role":                 {app.round(), at(probes.ConditionWrongRole, probes.ReasonRoleMismatch), ` Seen: profile "` + app.arn + `", role "app".`},
		"clock ahead":                {clock(90 * time.Second), at(probes.ConditionClockSkewed, probes.ReasonClockOffset), " The host clock is 1 min ahead of IMDS's."},
		"clock behind":               {clock(-2 * time.Hour), at(probes.ConditionClockSkewed, probes.ReasonClockOffset), " The host clock is 2 h 00 min behind IMDS's."},
		"clock not measured":         {app.round(), at(probes.ConditionClockSkewed, probes.ReasonClockOffset), ""},
		"changed":                    {app.round(), at(probes.ConditionProfileChanged, probes.ReasonRoleReplaced), " The next refresh is due by 2026-03-01T12:50:00Z."},
		"changed, no time":           {says(document("Success", ""), document("Success", "")), at(probes.ConditionProfileChanged, probes.ReasonRoleReplaced), ""},
		"intercepted":                {app.round(), at(probes.ConditionIntercepted, probes.ReasonForeignServer), ` Server: "EC2ws".`},
		"a message of iam/info":      {says(document("Success", "No role."), document("Success", "")), at(probes.ConditionNoRole, probes.ReasonProfileWithoutRole), ` EC2 says Success: "No role."`},
		"a message of the role":      {says(document("Success", "x"), document("Denied", "No.")), at(probes.ConditionCredentialsError, probes.ReasonOtherCode), ` EC2 says Denied: "No."`},
		"a code without a message":   {says(document("Success", ""), document("Denied", "")), at(probes.ConditionCredentialsError, probes.ReasonOtherCode), " EC2 says Denied."},
		"a code of iam/info":         {says(document("Gone", ""), document("Success", "")), at(probes.ConditionCredentialsError, probes.ReasonOtherCode), " EC2 says Gone."},
		"neither":                    {probes.Round{}, at(probes.ConditionCredentialsError, probes.ReasonOtherCode), ""},
		"a code that is not the one": {says(document("Success", ""), document("Success", "")), at(probes.ConditionNoRole, probes.ReasonRoleListEmpty), ""},
	} {
		entry := probes.Explain(tc.d.Condition)
		if got, want := probes.Summary(tc.r, tc.d), entry.FaceOf(tc.d.Reason)+tc.want; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got, want := probes.Summary(probes.Round{}, at(probes.ConditionNoRole, probes.ReasonNone)), probes.Explain(probes.ConditionNoRole).Title+"."; got != want {
		t.Errorf("without a face: %q, want %q", got, want)
	}
}

// TestCode wants EC2's own code: the role's document's where that reports an error,
// else that of iam/info.
func TestCode(t *testing.T) {
	for _, tc := range []struct{ info, role, want string }{
		{"Success", "Success", "Success"},
		{"Success", "Refused", "Refused"},
		{"Gone", "Success", "Gone"},
		{"Gone", "Refused", "Refused"},
		{"", "Success", "Success"},
		{"Gone", "", "Gone"},
		{"Success", "success", "Success"},
	} {
		r := app.round()
		r.Results[probes.ProbeIAMInfo].Content.Info = &probes.InfoDocument{Code: tc.info, Message: "info " + tc.info}
		r.Results[probes.ProbeRoleCredentials].Content.Credentials = &probes.CredentialsDocument{Code: tc.role, Message: "role " + tc.role}
		code, message := r.Code()
		if code != tc.want || !strings.HasSuffix(message, " "+tc.want) {
			t.Errorf("%+v: %q, %q", tc, code, message)
		}
	}
}
