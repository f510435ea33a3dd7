package doctor_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/doctor"
	"github.com/imds-probe/imds-probe/probes"
)

// simulations are the requests to the simulator: who, what, on what, with what.
func simulations(f *fakeAWS) (all []string) {
	list := func(form url.Values, name, field string) (values []string) {
		for n := 1; form.Has(fmt.Sprintf("%s.member.%d%s", name, n, field)); n++ {
			values = append(values, form.Get(fmt.Sprintf("%s.member.%d%s", name, n, field)))
		}
		return values
	}
	for _, form := range f.sent {
		if form.Get("Action") != "SimulatePrincipalPolicy" {
			continue
		}
		text := form.Get("PolicySourceArn") + " " + form.Get("ActionNames.member.1") + " on " + strings.Join(list(form, "ResourceArns", ""), " ")
		for n, key := range list(form, "ContextEntries", ".ContextKeyName") {
			entry := fmt.Sprintf("ContextEntries.member.%d.", n+1)
			text += "; " + key + "=" + form.Get(entry+"ContextKeyValues.member.1") + " " + form.Get(entry+"ContextKeyType")
		}
		all = append(all, text)
	}
	return all
}

// TestSimulatedRequests: the simulator is asked about what the real request needs,
// with what it would have in its context.
func TestSimulatedRequests(t *testing.T) {
	common := "; aws:SecureTransport=true boolean; aws:ViaAWSService=false boolean"
	passed := "; iam:PassedToService=ec2.amazonaws.com string"
	const prefix = "arn:aws:ec2:eu-central-1:123456789012:"
	exact := doctor.LaunchRequest{
		Profile: "app", InstanceType: "m7g.large", ImageID: "ami-0123456789abcdef0", SubnetID: "subnet-0123456789abcdef0",
		SecurityGroupIDs: []string{"sg-0123456789abcdef0"}, KeyName: "me",
	}
	launched := func(kind string) string {
		return "; aws:RequestedRegion=eu-central-1 string" + common + "; ec2:InstanceProfile=" + profileARN + " string; ec2:InstanceType=" + kind + " string; ec2:Region=eu-central-1 string"
	}
	instances := "; iam:AssociatedResourceArn=" + prefix + "instance/* string"
	for name, c := range map[string]struct {
		ask  func(d *doctor.Doctor)
		want []string
	}{
		"launch": {
			func(d *doctor.Doctor) {
				d.Launch(t.Context(), doctor.LaunchRequest{Profile: "app", InstanceType: "t3.micro"})
			},
			[]string{
				userARN + " ec2:RunInstances on " + prefix + "instance/* arn:aws:ec2:eu-central-1::image/* " + prefix + "subnet/* " + prefix + "volume/* " + prefix + "network-interface/* " + prefix + "security-group/*" + launched("t3.micro"),
				userARN + " iam:PassRole on " + appRoleARN + launched("t3.micro") + instances + passed,
			},
		},
		"launch, exactly": {
			func(d *doctor.Doctor) { d.Launch(t.Context(), exact) },
			[]string{
				userARN + " ec2:RunInstances on " + prefix + "instance/* arn:aws:ec2:eu-central-1::image/ami-0123456789abcdef0 " + prefix + "subnet/subnet-0123456789abcdef0 " + prefix + "volume/* " + prefix + "network-interface/* " + prefix + "security-group/sg-0123456789abcdef0 " + prefix + "key-pair/me" + launched("m7g.large"),
				userARN + " iam:PassRole on " + appRoleARN + launched("m7g.large") + instances + passed,
			},
		},
		"add-role, for somebody": {
			func(d *doctor.Doctor) {
				r := adding("app", "app")
				r.Principal = "arn:aws:iam::123456789012:role/team/they"
				d.AddRole(t.Context(), r)
			},
			[]string{
				"arn:aws:iam::123456789012:role/team/they iam:AddRoleToInstanceProfile on " + profileARN + "; aws:RequestedRegion=us-east-1 string" + common,
				"arn:aws:iam::123456789012:role/team/they iam:PassRole on " + appRoleARN + "; aws:RequestedRegion=us-east-1 string" + common + passed,
			},
		},
		"role, for somebody": {
			func(d *doctor.Doctor) { d.Role(t.Context(), doctor.Ref{Name: "app"}, userARN+"s") },
			[]string{userARN + "s iam:ListInstanceProfiles on *; aws:RequestedRegion=us-east-1 string" + common},
		},
		"role, for oneself": {func(d *doctor.Doctor) { d.Role(t.Context(), doctor.Ref{Name: "app"}, "") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := with("ListInstanceProfiles", listing())
			c.ask(f.doctor())
			if diff := cmp.Diff(c.want, simulations(f)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	f := with("GetCallerIdentity", strings.ReplaceAll(caller(userARN), "arn:aws:", "arn:aws-cn:"))
	f.doctor().AddRole(t.Context(), adding("app", "app"))
	if got := simulations(f)[1]; !strings.Contains(got, "aws:RequestedRegion=cn-north-1 ") || !strings.HasSuffix(got, "; iam:PassedToService=ec2.amazonaws.com.cn string") {
		t.Errorf("in China: %s", got)
	}
	f = with("GetCallerIdentity", strings.ReplaceAll(caller(userARN), "arn:aws:", "arn:aws-iso:"))
	f.doctor().AddRole(t.Context(), adding("app", "app"))
	if got := simulations(f)[0]; strings.Contains(got, "RequestedRegion") {
		t.Errorf("a region was made up: %s", got)
	}
}

// TestDryRunRequest: the launch that is tried is the one that was described.
func TestDryRunRequest(t *testing.T) {
	r := doctor.LaunchRequest{
		Profile: profileARN, DryRun: true, InstanceType: "t3.micro", ImageID: "ami-0123456789abcdef0", SubnetID: "subnet-0123456789abcdef0",
		SecurityGroupIDs: []string{"sg-0123456789abcdef0"}, KeyName: "me",
	}
	f := with("RunInstances", ec2Error("UnauthorizedOperation", "no"))
	f.doctor().Launch(t.Context(), r)
	r.Profile, r.SubnetID, r.KeyName, r.SecurityGroupIDs = "app", "", "", nil
	f.doctor().Launch(t.Context(), r)
	var got []string
	for _, form := range f.sent {
		if form.Get("Action") == "RunInstances" {
			form.Del("Action")
			form.Del("Version")
			form.Del("ClientToken")
			got = append(got, form.Encode())
		}
	}
	const whole = "DryRun=true&%sImageId=ami-0123456789abcdef0&InstanceType=t3.micro&%sMaxCount=1&MinCount=1%s"
	rest := "&SecurityGroupId.1=sg-0123456789abcdef0&SubnetId=subnet-0123456789abcdef0"
	want := []string{
		fmt.Sprintf(whole, "IamInstanceProfile.Arn="+url.QueryEscape(profileARN)+"&", "KeyName=me&", rest),
		fmt.Sprintf(whole, "", "KeyName=me&", rest),
		fmt.Sprintf(whole, "IamInstanceProfile.Name=app&", "", ""), fmt.Sprintf(whole, "", "", ""),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestSimulatorPages: what the simulator says comes in pages, too, and not for ever.
func TestSimulatorPages(t *testing.T) {
	page := func(decision, more string) string {
		return strings.Replace(simulated(decision), "<IsTruncated>false</IsTruncated>", more, 1)
	}
	more := "<IsTruncated>true</IsTruncated><Marker>two</Marker>"
	empty := gotProfile("")
	r := with("GetInstanceProfile", empty, "SimulatePrincipalPolicy", page("allowed", more), "SimulatePrincipalPolicy two", simulated("implicitDeny")).
		doctor().AddRole(t.Context(), adding("app", "app"))
	expect(t, r, doctor.ConditionAddDenied, critical)
	r = with("GetInstanceProfile", empty, "SimulatePrincipalPolicy", page("allowed", more), "SimulatePrincipalPolicy two", page("allowed", more)).
		doctor().AddRole(t.Context(), adding("app", "app"))
	if s := stepOf(t, r, "may_add"); s.Status != probes.StatusUnknown || !strings.Contains(s.Answer, "does not end") {
		t.Errorf("%+v", s)
	}
}

// TestTimeIsUp: the failure says whose time it was.
func TestTimeIsUp(t *testing.T) {
	ctx, cancel := context.WithDeadlineCause(t.Context(), time.Now().Add(-time.Second), errors.New("no answer within 1s (--timeout)"))
	defer cancel()
	f := with()
	f.err = ctx.Err()
	r := f.doctor().Instance(ctx, doctor.InstanceRequest{ID: instanceID})
	expect(t, r, doctor.ConditionUnreachable, unknown)
	if r.Summary != "No answer from the endpoint: no answer within 1s (--timeout)." {
		t.Error(r.Summary)
	}
}

// TestCallerOddities are answers about the caller that are none.
func TestCallerOddities(t *testing.T) {
	r := with("GetCallerIdentity", caller("nobody")).doctor().Instance(t.Context(), doctor.InstanceRequest{ID: instanceID})
	expect(t, r, doctor.ConditionAPIError, unknown)
	if !strings.Contains(r.Summary, "GetCallerIdentity answered without an ARN") {
		t.Error(r.Summary)
	}
	cfg := with().config()
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, fmt.Errorf("sso: %w", &smithy.GenericAPIError{Code: "ExpiredTokenException", Message: canary})
	})
	r = doctor.New(cfg).Instance(t.Context(), doctor.InstanceRequest{ID: instanceID})
	expect(t, r, doctor.ConditionExpired, unknown)
}

// TestForeignTextIsShort: what AWS says fits a few lines, and none of it is lost
// before that.
func TestForeignTextIsShort(t *testing.T) {
	for n, end := range map[int]string{300: "x", 301: "…"} {
		r := with("GetInstanceProfile", iamError("ServiceFailure", strings.Repeat("x", n))).doctor().AddRole(t.Context(), adding("app", "app"))
		answer := stepOf(t, r, "profile").Answer
		if !strings.HasSuffix(answer, strings.Repeat("x", 299)+end) || strings.Count(answer, "x") != 300 {
			t.Errorf("%d: %s", n, answer)
		}
	}
}

// TestGrants: a policy goes to whom it is for, under a name of its own.
func TestGrants(t *testing.T) {
	lacking := []string{"GetInstanceProfile", denied("iam:GetInstanceProfile"), "GetRole", denied("iam:GetRole"), "GetAccountSummary", denied("iam:GetAccountSummary"), "SimulatePrincipalPolicy", denied("iam:SimulatePrincipalPolicy")}
	for who, want := range map[string]string{
		userARN: "aws iam put-user-policy --user-name ops --policy-name allow-",
		"arn:aws:iam::123456789012:user/team/ops":                 "aws iam put-user-policy --user-name ops --policy-name allow-",
		"arn:aws:sts::123456789012:federated-user/me":             "Ask an administrator to add the policy below for arn:aws:sts::123456789012:federated-user/me",
		"arn:aws:iam::123456789012:user/a;b":                      "Ask an administrator to add the policy below for arn:aws:iam::123456789012:user/a;b",
		"arn:aws:sts::123456789012:assumed-role/a;b/s":            "Ask an administrator to add the policy below for arn:aws:sts::123456789012:assumed-role/a;b/s",
		"arn:aws:sts::123456789012:assumed-role/Admin/s":          "aws iam put-role-policy --role-name Admin --policy-name allow-",
		"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_x": "Add the policy below to the permission set behind AWSReservedSSO_x in IAM Identity Center",
	} {
		r := with(append(lacking, "GetCallerIdentity", caller(who))...).doctor().AddRole(t.Context(), adding("app", "app"))
		var all []string
		for _, s := range r.Remedy {
			all = append(all, s.Text, s.Command)
		}
		if !slices.ContainsFunc(all, func(s string) bool { return strings.HasPrefix(s, want) }) || len(r.Policies) != 1 {
			t.Errorf("%s: no %q in %q", who, want, all)
		}
	}
	names := map[string]bool{}
	for _, role := range []string{"app", "other"} {
		r := with("GetRole", denied("iam:GetRole"), "GetInstanceProfile", gotProfile("")).doctor().AddRole(t.Context(), adding("app", role))
		_, name, _ := strings.Cut(commands(r), "--policy-name ")
		names[name] = true
	}
	if len(names) != 2 {
		t.Errorf("one name for two policies: %v", names)
	}
}

// TestCommandsStayWhole: a command that is broken over lines is the same command.
func TestCommandsStayWhole(t *testing.T) {
	r := doctor.Report{
		Condition: "x", Severity: critical, Summary: "s", Meaning: "m", Title: "t",
		Steps: []doctor.Step{{Name: "a"}},
	}
	for _, command := range []string{
		`aws iam list --query 'A[].[B C,D "E F" G  H]' --another-option "it's  two spaces" --yet-another-option value`,
		"one", "a  b --c", "aws " + strings.Repeat("--option value ", 12) + "--end",
	} {
		r.Remedy = []doctor.Remedy{{Text: "do", Command: command}}
		var b strings.Builder
		if err := r.WriteText(&b, false); err != nil {
			t.Fatal(err)
		}
		_, shown, _ := strings.Cut(b.String(), "  1. do.\n       ")
		shown, _, _ = strings.Cut(shown, "\n\n")
		for line := range strings.Lines(shown) {
			if len(strings.TrimSuffix(line, "\n")) > 80 {
				t.Errorf("%d columns: %s", len(line), line)
			}
		}
		whole := strings.ReplaceAll(shown, " \\\n         ", " ")
		want := command
		if whole != want {
			t.Errorf("got %q, want %q", whole, want)
		}
	}
}

// TestAuditGrants: what several profiles lack is one permission, and one policy for
// the caller.
func TestAuditGrants(t *testing.T) {
	no := denied("iam:GetInstanceProfile because no identity-based policy allows the iam:GetInstanceProfile action")
	f := with("DescribeInstances", describing("", machine{id: id(2), profile: "b"}, machine{id: id(1), profile: "a"}),
		"ListInstanceProfiles", denied("iam:ListInstanceProfiles"), "GetInstanceProfile", no)
	r := doctor.NewAuditor(f.config()).Audit(t.Context(), doctor.AuditRequest{})
	if diff := cmp.Diff([]string{"unknown permission_lacking permission_lacking : 1 2"}, found(r)); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
	p := r.Problems[0]
	want := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:GetInstanceProfile","Resource":["arn:aws:iam::123456789012:instance-profile/b","arn:aws:iam::123456789012:instance-profile/*/b"]},` +
		`{"Effect":"Allow","Action":"iam:GetInstanceProfile","Resource":["arn:aws:iam::123456789012:instance-profile/a","arn:aws:iam::123456789012:instance-profile/*/a"]}]}`
	if diff := cmp.Diff(want, string(p.Policies[0].Document)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(p.Remedy) != 2 || !strings.HasPrefix(p.Remedy[1].Command, "aws iam put-user-policy --user-name ops ") || p.Summary != "The audit cannot go on without iam:GetInstanceProfile." || r.Summary != p.Summary {
		t.Errorf("%+v", p)
	}
}

// TestAuditAgentsCounted: an agent that answers is counted and may be believed; one
// that does not is no problem.
func TestAuditAgentsCounted(t *testing.T) {
	f := with("DescribeInstances", describing("", machine{id: id(1), profile: "app"}, machine{id: id(2), profile: "app", state: "stopping"}, machine{id: id(3), profile: "app", state: "terminated"}),
		"ListInstanceProfiles", listing(member("app", roleXML("app", policy(allowEC2)))))
	r := doctor.NewAuditor(f.config()).Audit(t.Context(), doctor.AuditRequest{AskAgent: func(context.Context, string) doctor.Answer[doctor.AgentStatus] {
		return seenBy(probes.ConditionHealthy, "app", profileARN, "")
	}})
	want := doctor.AuditCounts{Instances: 1, Clean: 1, NotRunning: 2, AgentsAsked: 1, AgentsAnswered: 1}
	if diff := cmp.Diff(want, r.Counts); diff != "" || len(r.Problems) != 0 {
		t.Errorf("%+v -want +got:\n%s", r.Problems, diff)
	}
}
