package doctor_test

import (
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/doctor"
)

// TestSimulationOddities: what the simulator leaves out of a result, or says beside the
// decision, is not taken for a denial of another kind.
func TestSimulationOddities(t *testing.T) {
	const byOrganization = "<OrganizationsDecisionDetail><AllowedByOrganizations>true</AllowedByOrganizations></OrganizationsDecisionDetail>"
	nameless := strings.Replace(simulated("implicitDeny"), "<EvalResourceName>*<", "<EvalResourceName><", 1)
	for name, c := range map[string]struct {
		answer    string
		condition doctor.Condition
		answered  string
	}{
		"allowed by the organization, not by a policy": {simulated("implicitDeny", byOrganization), doctor.ConditionAddDenied, "iam:AddRoleToInstanceProfile on " + profileARN + ": no policy allows it"},
		"no resource named":                            {nameless, doctor.ConditionAddDenied, "iam:AddRoleToInstanceProfile on " + profileARN + ": no policy allows it"},
		"no word of the boundary":                      {resourceDecisions(profileARN, "implicitDeny"), doctor.ConditionAddDenied, "iam:AddRoleToInstanceProfile on " + profileARN + ": no policy allows it"},
		"a statement of no known place": {
			simulated("allowed", "<MatchedStatements><member><SourcePolicyId>Ops</SourcePolicyId></member></MatchedStatements>"),
			doctor.ConditionAddAllowed, "iam:AddRoleToInstanceProfile is allowed by Ops",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := with("GetInstanceProfile", gotProfile(""), "SimulatePrincipalPolicy", c.answer).doctor().AddRole(t.Context(), adding("app", "app"))
			expect(t, r, c.condition, r.Severity)
			if s := stepOf(t, r, "may_add"); s.Answer != c.answered {
				t.Errorf("%q, want %q", s.Answer, c.answered)
			}
		})
	}
}

// TestNotSimulated: of whom IAM simulates nothing, nothing is asked.
func TestNotSimulated(t *testing.T) {
	for _, who := range []string{
		"arn:aws:iam::123456789012:root", "arn:aws:sts::123456789012:federated-user/me", "arn:aws:iam::999999999999:user/they",
	} {
		f := with("GetInstanceProfile", gotProfile(""))
		request := adding("app", "app")
		request.Principal = who
		f.doctor().AddRole(t.Context(), request)
		if asked := simulations(f); len(asked) != 0 {
			t.Errorf("%s: asked %q", who, asked)
		}
	}
}

// TestSimulatedOnItsPath: the ARN of a profile has the path that IAM has for it.
func TestSimulatedOnItsPath(t *testing.T) {
	path := strings.Replace(profileARN, "/app", "/team/app", 1)
	f := with("GetInstanceProfile", strings.Replace(gotProfile(""), profileARN, path, 1))
	f.doctor().AddRole(t.Context(), adding("app", "app"))
	if asked := simulations(f)[0]; !strings.Contains(asked, " on "+path+";") {
		t.Error(asked)
	}
}
