package doctor_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

// Sources of the answers that no emulator gives.
const (
	// The words of refusals.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
	notAuthorized = "User: arn:aws:iam::123456789012:user/ops is not authorized to perform: "
	// The elements of SimulatePrincipalPolicy's results.
	// https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
	simulatedHead = "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults><member><EvalActionName>x</EvalActionName><EvalResourceName>*</EvalResourceName>"
	simulatedTail = "</member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
	missingMFA    = "<MissingContextValues><member>aws:MultiFactorAuthPresent</member></MissingContextValues>"
	outsideSCP    = "<OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>"
	outside       = "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>"
	matchedDeny   = "<MatchedStatements><member><SourcePolicyId>NoMFA</SourcePolicyId><SourcePolicyType>group</SourcePolicyType></member></MatchedStatements>"
)

func simulated(decision string, more ...string) string {
	return simulatedHead + "<EvalDecision>" + decision + "</EvalDecision>" + strings.Join(more, "") + simulatedTail
}

// perResource is a result with results of its own for each resource.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResourceSpecificResult.html
func perResource(decisions ...string) string {
	var all strings.Builder
	for i := 0; i+1 < len(decisions); i += 2 {
		all.WriteString("<member><EvalResourceName>arn:aws:ec2:us-east-1:123456789012:" + decisions[i] + "/*</EvalResourceName><EvalResourceDecision>" + decisions[i+1] + "</EvalResourceDecision></member>")
	}
	return simulated("implicitDeny", "<ResourceSpecificResults>"+all.String()+"</ResourceSpecificResults>")
}

func iamRefusal(words string) string {
	return "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>" + notAuthorized + words + "</Message></Error></ErrorResponse>"
}

func ec2Refusal(words string) string {
	return "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this operation. " + notAuthorized + words + "</Message></Error></Errors></Response>"
}

// answering is a front of the emulator that gives some actions AWS's answers.
func answering(t *testing.T, answers map[string]string) string {
	t.Helper()
	target, err := url.Parse(shared.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		form, _ := url.ParseQuery(string(body))
		own, known := answers[form.Get("Action")]
		if per, is := answers[form.Get("Action")+" "+form.Get("ActionNames.member.1")]; is {
			own, known = per, true
		}
		switch {
		case !known:
			proxy.ServeHTTP(w, r)
		case strings.Contains(own, "<Error>"):
			answer(w, http.StatusForbidden, own)
		default:
			answer(w, http.StatusOK, own)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestFront are the verdicts on accounts with least privilege, MFA, boundaries and
// organizations: what AWS says and emulators do not. Each has a neighbour that must
// not be named so.
func TestFront(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	image := "--image-id=" + shared.admin.image(t)
	launch := []string{"launch", "--instance-profile=" + f.profile}
	dryRun := append(launch, "--dry-run", image)
	instance := []string{"instance", f.instance}
	add := []string{"add-role", "--instance-profile=" + f.profile + "-empty", "--role=" + f.role}
	shared.admin.newProfile(t, f.profile+"-empty", "")
	const run, pass = "SimulatePrincipalPolicy ec2:RunInstances", "SimulatePrincipalPolicy iam:PassRole"
	everything := "arn:aws:ec2:us-east-1:123456789012:instance/*"
	for name, c := range map[string]struct {
		args      []string
		answers   map[string]string
		condition string
		// reason is that of the step which decides, offers whether a policy is offered.
		step, reason string
		offers       bool
		words        string
	}{
		"launch allowed":                   {launch, nil, "launch_allowed", "may_run", "ok", false, ""},
		"MFA missing":                      {launch, map[string]string{run: simulated("implicitDeny", missingMFA)}, "permission_depends", "may_run", "condition_value_missing", false, "aws:MultiFactorAuthPresent"},
		"denied without MFA":               {launch, map[string]string{run: simulated("explicitDeny", matchedDeny, missingMFA)}, "permission_depends", "may_run", "condition_value_missing", false, "aws:MultiFactorAuthPresent"},
		"denied for good":                  {launch, map[string]string{run: simulated("explicitDeny", matchedDeny)}, "run_instances_denied", "may_run", "explicit_deny", false, "NoMFA"},
		"allowed, an open condition":       {launch, map[string]string{run: simulated("allowed", missingMFA)}, "launch_allowed", "may_run", "ok", false, ""},
		"nothing allows":                   {launch, map[string]string{run: simulated("implicitDeny")}, "run_instances_denied", "may_run", "nothing_allows", true, ""},
		"outside the boundary":             {launch, map[string]string{run: simulated("implicitDeny", outside)}, "run_instances_denied", "may_run", "permissions_boundary", false, "boundary"},
		"outside the SCP":                  {launch, map[string]string{run: simulated("implicitDeny", outsideSCP)}, "run_instances_denied", "may_run", "organizations_policy", false, "(SCP)"},
		"one resource of many":             {launch, map[string]string{run: perResource("instance", "allowed", "subnet", "implicitDeny", "volume", "allowed")}, "run_instances_denied", "may_run", "nothing_allows", true, "subnet/*"},
		"all resources":                    {launch, map[string]string{run: perResource("instance", "allowed", "subnet", "allowed")}, "launch_allowed", "may_run", "ok", false, ""},
		"an explicit deny among them":      {launch, map[string]string{run: perResource("instance", "implicitDeny", "subnet", "explicitDeny")}, "run_instances_denied", "may_run", "explicit_deny", false, "subnet/*"},
		"PassRole depends":                 {launch, map[string]string{pass: simulated("implicitDeny", missingMFA)}, "permission_depends", "may_pass", "condition_value_missing", false, ""},
		"AddRole outside the boundary":     {add, map[string]string{"SimulatePrincipalPolicy iam:AddRoleToInstanceProfile": simulated("implicitDeny", outside)}, "add_role_denied", "may_add", "permissions_boundary", false, ""},
		"AddRole depends":                  {add, map[string]string{"SimulatePrincipalPolicy iam:AddRoleToInstanceProfile": simulated("explicitDeny", matchedDeny, missingMFA)}, "permission_depends", "may_add", "condition_value_missing", false, ""},
		"dry run, SCP":                     {dryRun, map[string]string{"RunInstances": ec2Refusal("ec2:RunInstances on resource: " + everything + " with an explicit deny in a service control policy. Encoded authorization failure message: abc")}, "run_instances_denied", "dry_run", "dry_run_refused", false, "an explicit deny in a service control policy"},
		"dry run, session policy":          {dryRun, map[string]string{"RunInstances": ec2Refusal("iam:PassRole on resource: " + f.roleARN + " because no session policy allows the iam:PassRole action")}, "pass_role_denied", "dry_run", "dry_run_refused", false, "no session policy allows it"},
		"dry run, boundary":                {dryRun, map[string]string{"RunInstances": ec2Refusal("iam:PassRole on resource: " + f.roleARN + " because no permissions boundary allows the iam:PassRole action")}, "pass_role_denied", "dry_run", "dry_run_refused", false, "no permissions boundary allows it"},
		"dry run, identity":                {dryRun, map[string]string{"RunInstances": ec2Refusal("iam:PassRole on resource: " + f.roleARN + " because no identity-based policy allows the iam:PassRole action")}, "pass_role_denied", "dry_run", "dry_run_refused", true, ""},
		"dry run, tags":                    {dryRun, map[string]string{"RunInstances": ec2Refusal("ec2:CreateTags on resource: " + everything + " because no identity-based policy allows the ec2:CreateTags action")}, "launch_refused", "dry_run", "dry_run_refused", true, "ec2:CreateTags"},
		"dry run wins over the simulator":  {dryRun, map[string]string{run: simulated("implicitDeny"), pass: simulated("implicitDeny", missingMFA)}, "launch_allowed", "dry_run", "ok", false, ""},
		"a region that an SCP denies":      {instance, map[string]string{"DescribeInstances": ec2Refusal("ec2:DescribeInstances with an explicit deny in a service control policy")}, "permission_lacking", "instance", "permission_lacking", false, "service control policy"},
		"looking is not allowed":           {instance, map[string]string{"DescribeInstances": ec2Refusal("ec2:DescribeInstances because no identity-based policy allows the ec2:DescribeInstances action")}, "permission_lacking", "instance", "permission_lacking", true, ""},
		"looking, denied by the boundary":  {instance, map[string]string{"GetInstanceProfile": iamRefusal("iam:GetInstanceProfile on resource: instance profile " + f.profile + " because no permissions boundary allows the iam:GetInstanceProfile action")}, "permission_lacking", "profile", "permission_lacking", false, "permissions boundary"},
		"looking, denied by the endpoint":  {instance, map[string]string{"GetInstanceProfile": iamRefusal("iam:GetInstanceProfile because no VPC endpoint policy allows the iam:GetInstanceProfile action")}, "permission_lacking", "profile", "permission_lacking", false, "VPC endpoint"},
		"a refusal that says nothing more": {instance, map[string]string{"GetInstanceProfile": strings.Replace(iamRefusal(""), notAuthorized, "Access Denied", 1)}, "permission_lacking", "profile", "permission_lacking", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := diagnoseAt(t, answering(t, c.answers), "us-east-1", shared.admin.keys, c.args...)
			if r.Condition != c.condition {
				t.Errorf("%s, want %s: %s", r.Condition, c.condition, r.Summary)
			}
			s := r.step(t, c.step)
			if s.Reason != c.reason {
				t.Errorf("step %s: %s, want %s: %s", c.step, s.Reason, c.reason, s.Answer)
			}
			if offers := len(r.Policies) > 0; offers != c.offers {
				t.Errorf("offers a policy: %t: %+v", offers, r.Remedy)
			}
			if all := r.Summary + s.Answer + text(r.Remedy); !strings.Contains(all, c.words) {
				t.Errorf("no %q in %q", c.words, all)
			}
			if c.condition == "permission_depends" && !strings.Contains(text(r.Remedy), "--dry-run") {
				t.Errorf("no dry run is offered: %q", text(r.Remedy))
			}
		})
	}
}

// text is a remedy's words.
func text(steps []remedy) string {
	var all strings.Builder
	for _, s := range steps {
		all.WriteString(s.Text + "\n" + s.Command + "\n")
	}
	return all.String()
}

// TestSessionIsNotSimulated: of a role's session the policy of the session itself is
// not known, and the report says so; of a user there is nothing to say.
func TestSessionIsNotSimulated(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	for _, c := range []struct {
		keys keys
		said bool
	}{{shared.admin.newSession(t, allow("*"), ""), true}, {shared.admin.keys, false}} {
		r := diagnose(t, c.keys, "launch", "--instance-profile="+f.profile)
		expect(t, r, "launch_allowed", "ok")
		if said := strings.Contains(r.Summary, "cannot be simulated") && strings.Contains(r.Summary, "--dry-run"); said != c.said {
			t.Errorf("%s: %s", r.Caller, r.Summary)
		}
	}
}
