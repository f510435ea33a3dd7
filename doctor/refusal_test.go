package doctor_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/doctor"
)

// TestParseRefusal: the messages are those of AWS's documentation.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func TestParseRefusal(t *testing.T) {
	const user = "User: arn:aws:iam::123456789012:user/JohnDoe is not authorized to perform: "
	const repo = "arn:aws:codecommit:us-east-1:123456789012:MyRepo"
	for _, c := range []struct {
		name, message string
		want          doctor.Refusal
		limited       bool
	}{
		{"implicit, identity", user + "codecommit:ListDeployments because no identity-based policy allows the codecommit:ListDeployments action", doctor.Refusal{Action: "codecommit:ListDeployments", Kind: doctor.PolicyIdentity}, false},
		{"explicit, identity", user + "codedeploy:ListDeployments on resource: " + repo + " with an explicit deny in an identity-based policy", doctor.Refusal{Action: "codedeploy:ListDeployments", Resource: repo, Explicit: true, Kind: doctor.PolicyIdentity}, true},
		{"implicit, SCP", user + "codecommit:ListRepositories because no service control policy allows the codecommit:ListRespositories action", doctor.Refusal{Action: "codecommit:ListRepositories", Kind: doctor.PolicySCP}, true},
		{"explicit, SCP", user + "codedeploy:ListDeployments on resource: " + repo + " with an explicit deny in a service control policy", doctor.Refusal{Action: "codedeploy:ListDeployments", Resource: repo, Explicit: true, Kind: doctor.PolicySCP}, true},
		{"explicit, RCP", user + "secretsmanager:GetSecretValue with an explicit deny in a resource control policy", doctor.Refusal{Action: "secretsmanager:GetSecretValue", Explicit: true, Kind: doctor.PolicyRCP}, true},
		{"implicit, endpoint", user + "codecommit:ListRepositories because no VPC endpoint policy allows the codecommit:ListRepositories action", doctor.Refusal{Action: "codecommit:ListRepositories", Kind: doctor.PolicyEndpoint}, true},
		{"implicit, boundary", user + "codedeploy:ListDeployments because no permissions boundary allows the codedeploy:ListDeployments action", doctor.Refusal{Action: "codedeploy:ListDeployments", Kind: doctor.PolicyBoundary}, true},
		{"explicit, boundary", user + "sns:Publish on resource: arn:aws:sns:us-east-1:123456789012:t with an explicit deny in a permissions boundary", doctor.Refusal{Action: "sns:Publish", Resource: "arn:aws:sns:us-east-1:123456789012:t", Explicit: true, Kind: doctor.PolicyBoundary}, true},
		{"implicit, session", user + "codecommit:ListRepositories because no session policy allows the codecommit:ListRepositories action", doctor.Refusal{Action: "codecommit:ListRepositories", Kind: doctor.PolicySession}, true},
		{"explicit, session", user + "codedeploy:ListDeployments on resource: " + repo + " with an explicit deny in a session policy", doctor.Refusal{Action: "codedeploy:ListDeployments", Resource: repo, Explicit: true, Kind: doctor.PolicySession}, true},
		{"implicit, resource", user + "lambda:InvokeFunction because no resource-based policy allows the lambda:InvokeFunction action", doctor.Refusal{Action: "lambda:InvokeFunction", Kind: doctor.PolicyResource}, true},
		{"with the policy's ARN", user + "iam:GetRole on resource: arn:aws:iam::123456789012:role/app with an explicit deny in a service control policy: arn:aws:organizations::123456789012:policy/o-1/service_control_policy/p-1", doctor.Refusal{Action: "iam:GetRole", Resource: "arn:aws:iam::123456789012:role/app", Explicit: true, Kind: doctor.PolicySCP, Policy: "arn:aws:organizations::123456789012:policy/o-1/service_control_policy/p-1"}, true},
		{"EC2's, encoded", "You are not authorized to perform this operation. " + user + "ec2:RunInstances on resource: arn:aws:ec2:us-east-1:123456789012:instance/* with an explicit deny in a service control policy. Encoded authorization failure message: abc_DEF", doctor.Refusal{Action: "ec2:RunInstances", Resource: "arn:aws:ec2:us-east-1:123456789012:instance/*", Explicit: true, Kind: doctor.PolicySCP}, true},
		{"no ARN", user + "iam:GetRole on resource: role app because no identity-based policy allows the iam:GetRole action", doctor.Refusal{Action: "iam:GetRole", Kind: doctor.PolicyIdentity}, false},
		{"no reason", user + "iam:GetRole on resource: role app", doctor.Refusal{Action: "iam:GetRole"}, false},
		{"a deny of no kind", user + "iam:GetRole with an explicit deny", doctor.Refusal{Action: "iam:GetRole", Explicit: true}, true},
		{"another kind", user + "iam:GetRole because no horoscope allows the iam:GetRole action", doctor.Refusal{Action: "iam:GetRole"}, false},
		{"nothing", "User is not authorized", doctor.Refusal{}, false},
		{"a command", user + "iam:$(reboot)", doctor.Refusal{}, false},
		{"far too long", strings.Repeat("x", doctor.MaxRefusal) + user + "iam:GetRole", doctor.Refusal{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := doctor.ParseRefusal(c.message)
			if diff := cmp.Diff(c.want, got); diff != "" || ok != (c.want.Action != "") {
				t.Errorf("%t, -want +got:\n%s", ok, diff)
			}
			if got.Limited() != c.limited {
				t.Errorf("limited: %t", got.Limited())
			}
			for _, s := range got.Lift() {
				if strings.Contains(s.Text, "Allow") && c.want.Explicit && !strings.Contains(s.Text, "wins over every Allow") {
					t.Errorf("offers an Allow: %s", s.Text)
				}
			}
		})
	}
}

// TestLift: each kind of policy has somebody who can lift it.
func TestLift(t *testing.T) {
	for kind, who := range map[doctor.PolicyKind]string{
		doctor.PolicySCP: "administrators of the organization", doctor.PolicyRCP: "administrators of the organization",
		doctor.PolicyBoundary: "whoever manages the permissions boundary", doctor.PolicySession: "Start the session",
		doctor.PolicyEndpoint: "owner of the VPC endpoint", doctor.PolicyResource: "owner of the resource",
		doctor.PolicyIdentity: "administrator of the account", doctor.PolicyUnnamed: "administrator of the account",
	} {
		for _, explicit := range []bool{true, false} {
			steps := doctor.Refusal{Action: "iam:GetRole", Explicit: explicit, Kind: kind, Policy: "arn:aws:iam::123456789012:policy/p"}.Lift()
			if !strings.Contains(steps[0].Text, who) || !strings.Contains(steps[0].Text, "iam:GetRole") {
				t.Errorf("%s: %s", kind, steps[0].Text)
			}
			if narrow := strings.Contains(steps[0].Text, "narrow"); kind != doctor.PolicySession && narrow != explicit {
				t.Errorf("%s, explicit %t: %s", kind, explicit, steps[0].Text)
			}
		}
	}
}

func TestRefusalWords(t *testing.T) {
	for want, r := range map[string]doctor.Refusal{
		"a statement denies it":                                    {Explicit: true},
		"an explicit deny in a session policy":                     {Explicit: true, Kind: doctor.PolicySession},
		"an explicit deny in an identity-based policy (arn:aws:p)": {Explicit: true, Kind: doctor.PolicyIdentity, Policy: "arn:aws:p"},
		"no permissions boundary allows it":                        {Kind: doctor.PolicyBoundary},
		"AWS does not say which policy is missing":                 {},
		"an explicit deny in a service control policy":             {Explicit: true, Kind: doctor.PolicySCP},
		"an explicit deny in a VPC endpoint policy":                {Explicit: true, Kind: doctor.PolicyEndpoint},
		"no service control policy allows it (arn:aws:o)":          {Kind: doctor.PolicySCP, Policy: "arn:aws:o"},
	} {
		if got := r.Words(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
