package doctor_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/imds-probe/imds-probe/doctor"
	"github.com/imds-probe/imds-probe/probes"
)

const (
	critical = probes.SeverityCritical
	unknown  = probes.SeverityUnknown
	warning  = probes.SeverityWarning
	ok       = probes.SeverityOK
)

// TestPermission covers what the simulator can answer; moto has no simulator.
func TestPermission(t *testing.T) {
	const (
		outside  = "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>"
		scp      = "<OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>"
		within   = "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>true</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>"
		missing  = "<MissingContextValues><member>aws:MultiFactorAuthPresent</member></MissingContextValues>"
		notFound = "Invalid Entity Arn"
	)
	for _, c := range []struct {
		name, answer string
		condition    doctor.Condition
		severity     probes.Severity
		reason       doctor.Reason
		words        string
		policy       bool
	}{
		{"allowed", simulated("allowed", matchedStatement("Ops", "user-managed"), within), doctor.ConditionAddAllowed, ok, "ok", "allowed by Ops, line 4", false},
		{"explicit deny", simulated("explicitDeny", matchedStatement("NoIAM", "group")), doctor.ConditionAddDenied, critical, "explicit_deny", "explicitly denied by NoIAM, line 4", false},
		{"boundary", simulated("implicitDeny", matchedStatement("Ops", "role"), outside), doctor.ConditionAddDenied, critical, "permissions_boundary", "permissions boundary", false},
		{"organization", simulated("implicitDeny", scp), doctor.ConditionAddDenied, critical, "organizations_policy", "(SCP)", false},
		{"nothing", simulated("implicitDeny", within), doctor.ConditionAddDenied, critical, "nothing_allows", "no policy allows it", true},
		{"depends", simulated("implicitDeny", missing), doctor.ConditionPermissionDepends, warning, "condition_value_missing", "depends on aws:MultiFactorAuthPresent", false},
		{"denied unless", simulated("explicitDeny", matchedStatement("NoMFA", "group"), missing), doctor.ConditionPermissionDepends, warning, "condition_value_missing", "depends on aws:MultiFactorAuthPresent", false},
		{"allowed unless", simulated("allowed", missing), doctor.ConditionAddAllowed, ok, "ok", "conditions on aws:MultiFactorAuthPresent were not evaluated", false},
		{"denied by an organization", simulated("explicitDeny", scp), doctor.ConditionAddDenied, critical, "organizations_policy", "explicitly denied by a policy of the organization (SCP)", false},
		{"no result", result("SimulatePrincipalPolicy", ""), doctor.ConditionAPIError, unknown, "api_error", "without a result", false},
		{"refused", iamError("AccessDenied", "User is not authorized"), doctor.ConditionLacking, unknown, "permission_lacking", "not allowed (AccessDenied)", true},
		{"not implemented", iamError("NotImplemented", "simulate_principal_policy"), doctor.ConditionAPIError, unknown, "api_error", "NotImplemented", false},
		{"no such entity", iamError("NoSuchEntity", notFound), doctor.ConditionAPIError, unknown, "api_error", notFound, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := with("SimulatePrincipalPolicy", c.answer, "GetInstanceProfile", gotProfile(""))
			r := f.doctor().AddRole(t.Context(), adding("app", "app"))
			expect(t, r, c.condition, c.severity)
			s := stepOf(t, r, "may_add")
			if s.Reason != c.reason || !strings.Contains(s.Answer, c.words) {
				t.Errorf("%s %q, want %s %q", s.Reason, s.Answer, c.reason, c.words)
			}
			if (len(r.Policies) > 0) != c.policy {
				t.Errorf("policies %s", r.Policies)
			}
		})
	}
}

// TestSimulatedAs: the policies that apply are those of the user, or of the
// role behind a session, whose ARN has a path that the session's lacks.
func TestSimulatedAs(t *testing.T) {
	admin := "arn:aws:iam::123456789012:role/service/Admin"
	for _, c := range []struct {
		name, caller, source string
		condition            doctor.Condition
	}{
		{"user", userARN, userARN, doctor.ConditionAddAllowed},
		{"session", sessionARN, admin, doctor.ConditionAddAllowed},
		{"root", "arn:aws:iam::123456789012:root", "", doctor.ConditionAddAllowed},
		{"federated user", "arn:aws:sts::123456789012:federated-user/me", "", doctor.ConditionPermissionDepends},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := with("GetCallerIdentity", caller(c.caller), "GetInstanceProfile", gotProfile(""),
				"GetRole", result("GetRole", "<Role>"+roleXML("Admin", policy())+"</Role>"))
			r := f.doctor().AddRole(t.Context(), adding("app", "Admin"))
			if r.Condition != c.condition {
				t.Errorf("%s: %s", r.Condition, r.Summary)
			}
			for _, form := range f.sent {
				if form.Get("Action") == "SimulatePrincipalPolicy" && form.Get("PolicySourceArn") != c.source {
					t.Errorf("simulated as %s, want %s", form.Get("PolicySourceArn"), c.source)
				}
			}
		})
	}
}

func TestGrantToSingleSignOn(t *testing.T) {
	f := with("GetCallerIdentity", caller("arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Ops_0a1b/me"),
		"GetInstanceProfile", iamError("AccessDenied", "no"), "SimulatePrincipalPolicy", iamError("AccessDenied", "no"))
	r := f.doctor().AddRole(t.Context(), adding("app", "app"))
	expect(t, r, doctor.ConditionLacking, unknown)
	if len(r.Remedy) != 1 || !strings.Contains(r.Remedy[0].Text, "permission set behind AWSReservedSSO_Ops_0a1b") {
		t.Errorf("remedy %q", r.Remedy)
	}
}

func TestQuota(t *testing.T) {
	f := with("GetInstanceProfile", iamError("NoSuchEntity", "none"), "GetAccountSummary", accountSummary(1000, 1000))
	r := f.doctor().AddRole(t.Context(), adding("app", "app"))
	expect(t, r, doctor.ConditionProfileQuota, critical)
	if s := stepOf(t, r, "quota"); s.Status != probes.StatusFail || s.Reason != "quota_reached" {
		t.Errorf("quota: %+v", s)
	}
	// Where the profile is there already, the quota does not matter.
	f = with("GetInstanceProfile", gotProfile(""), "GetAccountSummary", accountSummary(1000, 1000))
	expect(t, f.doctor().AddRole(t.Context(), adding("app", "app")), doctor.ConditionAddAllowed, ok)
}

// TestDryRun covers EC2's encoded refusals; moto neither encodes nor decodes.
func TestDryRun(t *testing.T) {
	refused := ec2Error("UnauthorizedOperation", "You are not authorized to perform this operation. Encoded authorization failure message: abc_DEF-123")
	decoded := func(explicit, action, resource string) string {
		return result("DecodeAuthorizationMessage", `<DecodedMessage>{"allowed":false,"explicitDeny":`+explicit+
			`,"matchedStatements":{"items":[]},"context":{"principal":{"arn":"`+userARN+`"},"action":"`+action+`","resource":"`+resource+`"}}</DecodedMessage>`)
	}
	denied := iamError("AccessDenied", "not authorized to perform: sts:DecodeAuthorizationMessage")
	yes := ec2Error("DryRunOperation", "would have succeeded")
	for _, c := range []struct {
		name, run, without, decode string
		condition                  doctor.Condition
		words                      string
		policy                     bool
	}{
		{"allowed", yes, yes, "", doctor.ConditionLaunchAllowed, "EC2 would launch", false},
		{"decoded PassRole", refused, refused, decoded("false", "iam:PassRole", appRoleARN), doctor.ConditionPassDenied, "iam:PassRole on " + appRoleARN, true},
		{"decoded RunInstances", refused, refused, decoded("false", "ec2:RunInstances", "arn:aws:ec2:eu-central-1:123456789012:instance/*"), doctor.ConditionRunDenied, "ec2:RunInstances on", true},
		{"decoded another action", refused, yes, decoded("false", "kms:CreateGrant", "arn:aws:kms:eu-central-1:123456789012:key/k"), doctor.ConditionLaunchRefused, "kms:CreateGrant on", true},
		{"explicit deny", refused, yes, decoded("true", "iam:PassRole", appRoleARN), doctor.ConditionPassDenied, "a statement denies it", false},
		{"not decodable, isolated", refused, yes, denied, doctor.ConditionPassDenied, "but without the profile you are", true},
		{"not decodable", refused, refused, denied, doctor.ConditionRunDenied, "UnauthorizedOperation", true},
		{"decoded to rubbish", refused, yes, result("DecodeAuthorizationMessage", "<DecodedMessage>{</DecodedMessage>"), doctor.ConditionPassDenied, "", true},
		{"decoded to a command", refused, yes, decoded("false", "x:$(reboot)", "*"), doctor.ConditionPassDenied, "", true},
		{"another refusal", ec2Error("InvalidAMIID.NotFound", "The image id '[ami-1]' does not exist"), yes, "", doctor.ConditionLaunchRefused, "InvalidAMIID.NotFound", false},
		{"invalid profile", ec2Error("InvalidParameterValue", "IAM Instance Profile has no associated IAM Roles"), yes, "", doctor.ConditionLaunchRefused, "has no associated IAM Roles", false},
		{"throttled", ec2Error("RequestLimitExceeded", "Request limit exceeded."), yes, "", doctor.ConditionThrottled, "RequestLimitExceeded", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := with("RunInstances", c.run, "RunInstances without profile", c.without, "DecodeAuthorizationMessage", c.decode)
			r := f.doctor().Launch(t.Context(), doctor.LaunchRequest{
				Profile: "app", DryRun: true, ImageID: "ami-0123456789abcdef0", InstanceType: "t3.micro", SubnetID: "subnet-0123456789abcdef0",
			})
			if r.Condition != c.condition {
				t.Errorf("%s, want %s: %s", r.Condition, c.condition, r.Summary)
			}
			expect(t, r, r.Condition, r.Severity)
			if s := stepOf(t, r, "dry_run"); !strings.Contains(s.Answer, c.words) {
				t.Errorf("answer %q, want %q in it", s.Answer, c.words)
			}
			if (len(r.Policies) > 0) != c.policy {
				t.Errorf("policies %s", r.Policies)
			}
			changesNothing(t, f)
		})
	}
}

// changesNothing looks through all requests for one that would.
func changesNothing(t *testing.T, f *fakeAWS) {
	t.Helper()
	if len(f.sent) == 0 {
		t.Error("nothing was asked")
	}
	for _, form := range f.sent {
		action := form.Get("Action")
		reads := slices.ContainsFunc([]string{"Get", "List", "Describe", "Simulate", "Decode"}, func(verb string) bool {
			return strings.HasPrefix(action, verb)
		})
		if !reads && (action != "RunInstances" || form.Get("DryRun") != "true") {
			t.Errorf("asked for %s", form.Encode())
		}
	}
}

func TestChangesNothing(t *testing.T) {
	f := with("ListInstanceProfiles", iamError("AccessDenied", "no"), "ListInstanceProfilesForRole", iamError("AccessDenied", "no"))
	d := f.doctor()
	d.Instance(t.Context(), doctor.InstanceRequest{ID: instanceID})
	d.Role(t.Context(), doctor.Ref{Name: "app"}, "")
	d.AddRole(t.Context(), adding("app", "app"))
	d.Launch(t.Context(), doctor.LaunchRequest{Profile: "app", DryRun: true, ImageID: "ami-0123456789abcdef0"})
	changesNothing(t, f)
}

// TestManyProfiles: the list comes in pages.
func TestManyProfiles(t *testing.T) {
	page := func(name, more string) string {
		return result("ListInstanceProfiles", "<InstanceProfiles><member>"+profileXML(name, roleXML(name, ""))+"</member></InstanceProfiles>"+more)
	}
	f := with(
		"ListInstanceProfiles", page("first", "<IsTruncated>true</IsTruncated><Marker>two</Marker>"),
		"ListInstanceProfiles two", page("app", "<IsTruncated>false</IsTruncated>"),
	)
	expect(t, f.doctor().Role(t.Context(), doctor.Ref{Name: "app"}, ""), doctor.ConditionRoleListed, ok)

	endless := page("first", "<IsTruncated>true</IsTruncated><Marker>two</Marker>")
	f = with("ListInstanceProfiles", endless, "ListInstanceProfiles two", endless,
		"ListInstanceProfilesForRole", result("ListInstanceProfilesForRole", "<InstanceProfiles/>"))
	r := f.doctor().Role(t.Context(), doctor.Ref{Name: "app"}, "")
	if s := stepOf(t, r, "may_list"); s.Status != probes.StatusUnknown {
		t.Errorf("an endless list: %+v", s)
	}
}

// TestCallerFailures: nothing can be asked, and one line says why.
func TestCallerFailures(t *testing.T) {
	broken := func(f *fakeAWS, err error) aws.Config {
		cfg := f.config()
		cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, err })
		return cfg
	}
	answers := func(code string) aws.Config {
		return with("GetCallerIdentity", iamError(code, "The Canonical String should have been x-amz-security-token:"+canaryTok)).config()
	}
	network := func(err error) aws.Config {
		f := with()
		f.err = err
		return f.config()
	}
	for _, c := range []struct {
		name      string
		cfg       aws.Config
		condition doctor.Condition
		words     string
	}{
		{"none", broken(with(), errors.New("no providers in chain")), doctor.ConditionNoCredentials, "no providers in chain"},
		{"unknown key", answers("InvalidClientTokenId"), doctor.ConditionRefused, "(InvalidClientTokenId)"},
		{"signature", answers("SignatureDoesNotMatch"), doctor.ConditionRefused, "(SignatureDoesNotMatch)"},
		{"expired", answers("ExpiredToken"), doctor.ConditionExpired, "(ExpiredToken)"},
		{"clock", answers("RequestExpired"), doctor.ConditionClock, "clock"},
		{"throttled", with("GetCallerIdentity", iamError("Throttling", "Rate exceeded")).config(), doctor.ConditionThrottled, "(Throttling)"},
		{"refused connection", network(&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}), doctor.ConditionUnreachable, "connection refused"},
		{"name", network(&net.DNSError{Err: "no such host", Name: "sts.example.invalid"}), doctor.ConditionUnreachable, "no such host"},
		{"time-out", network(context.DeadlineExceeded), doctor.ConditionUnreachable, "deadline exceeded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := doctor.New(c.cfg).Instance(t.Context(), doctor.InstanceRequest{ID: instanceID})
			expect(t, r, c.condition, unknown)
			var text strings.Builder
			if err := r.WriteText(&text, false); err != nil {
				t.Fatal(err)
			}
			if strings.Count(text.String(), "\n") != 1 || !strings.Contains(text.String(), c.words) {
				t.Errorf("want one line with %q:\n%s", c.words, text.String())
			}
			if r.ExitCode() != 3 {
				t.Errorf("exit code %d", r.ExitCode())
			}
		})
	}
}
