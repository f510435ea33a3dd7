package doctor_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/imds-probe/imds-probe/doctor"
	"github.com/imds-probe/imds-probe/probes"
)

const (
	account    = "123456789012"
	canary     = "canary-secret-access-key"
	canaryTok  = "canary-session-token"
	userARN    = "arn:aws:iam::123456789012:user/ops"
	sessionARN = "arn:aws:sts::123456789012:assumed-role/Admin/me"
	profileARN = "arn:aws:iam::123456789012:instance-profile/app"
	appRoleARN = "arn:aws:iam::123456789012:role/service/app"
	instanceID = "i-0123456789abcdef0"
)

// fakeAWS answers the SDK's clients at the seam of their HTTP transport, with
// bodies in the shape that AWS's API reference records for each action.
type fakeAWS struct {
	// answers is the body for each action; an action without one fails the test.
	answers map[string]string
	// err is what the network does instead, if it is set.
	err error

	mu sync.Mutex // an audit asks several things at once
	// sent are the forms of all requests.
	sent []url.Values
}

// Do implements [aws.HTTPClient].
func (f *fakeAWS) Do(r *http.Request) (*http.Response, error) {
	if f.err != nil {
		return nil, f.err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.sent = append(f.sent, form)
	f.mu.Unlock()
	answer, known := f.answers[form.Get("Action")]
	if !known {
		return nil, fmt.Errorf("no answer is recorded for %s", form.Get("Action"))
	}
	if form.Get("Action") == "RunInstances" && form.Get("IamInstanceProfile.Name") == "" && form.Get("IamInstanceProfile.Arn") == "" {
		if without, known := f.answers["RunInstances without profile"]; known {
			answer = without
		}
	}
	if marker := form.Get("Marker") + form.Get("NextToken"); marker != "" {
		answer = f.answers[form.Get("Action")+" "+marker]
	}
	status := http.StatusOK
	if strings.Contains(answer, "<Error>") {
		status = http.StatusForbidden
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"text/xml"}},
		Body: io.NopCloser(strings.NewReader(answer)), Request: r,
	}, nil
}

// config is a configuration that asks the fake, and tries once.
func (f *fakeAWS) config() aws.Config {
	return aws.Config{
		Region: "eu-central-1", HTTPClient: f,
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIACANARY", SecretAccessKey: canary, SessionToken: canaryTok}, nil
		}),
	}
}

func (f *fakeAWS) doctor() *doctor.Doctor { return doctor.New(f.config()) }

// with returns a world with some answers replaced.
func with(answers ...string) *fakeAWS {
	f := &fakeAWS{answers: map[string]string{
		"GetCallerIdentity":                      caller(userARN),
		"DescribeInstances":                      describedInstance,
		"DescribeIamInstanceProfileAssociations": describedAssociation,
		"GetInstanceProfile":                     gotProfile(roleXML("app", policy(allowEC2))),
		"GetRole":                                result("GetRole", "<Role>"+roleXML("app", policy(allowEC2))+"</Role>"),
		"GetAccountSummary":                      accountSummary(3, 1000),
		"SimulatePrincipalPolicy":                simulated("allowed", matchedStatement("AdministratorAccess", "user-managed")),
		"RunInstances":                           ec2Error("DryRunOperation", "Request would have succeeded, but DryRun flag is set."),
	}}
	for i := 0; i+1 < len(answers); i += 2 {
		f.answers[answers[i]] = answers[i+1]
	}
	return f
}

// result wraps what IAM and STS answer.
func result(action, inner string) string {
	return "<" + action + "Response><" + action + "Result>" + inner + "</" + action + "Result></" + action + "Response>"
}

func iamError(code, message string) string {
	return "<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code><Message>" + message + "</Message></Error></ErrorResponse>"
}

func ec2Error(code, message string) string {
	return "<Response><Errors><Error><Code>" + code + "</Code><Message>" + message + "</Message></Error></Errors></Response>"
}

func caller(arn string) string {
	return result("GetCallerIdentity", "<Arn>"+arn+"</Arn><UserId>AIDAEXAMPLE</UserId><Account>"+account+"</Account>")
}

func roleXML(name, trust string) string {
	return "<RoleName>" + name + "</RoleName><RoleId>AROAEXAMPLE</RoleId><Path>/service/</Path><Arn>" +
		strings.Replace(appRoleARN, "/app", "/"+name, 1) + "</Arn><AssumeRolePolicyDocument>" +
		url.PathEscape(trust) + "</AssumeRolePolicyDocument>"
}

func gotProfile(role string) string {
	return result("GetInstanceProfile", "<InstanceProfile>"+profileXML("app", role)+"</InstanceProfile>")
}

func profileXML(name, role string) string {
	roles := "<Roles/>"
	if role != "" {
		roles = "<Roles><member>" + role + "</member></Roles>"
	}
	return "<InstanceProfileName>" + name + "</InstanceProfileName><InstanceProfileId>AIPAEXAMPLEEXAMPLE000</InstanceProfileId><Arn>" +
		strings.Replace(profileARN, "/app", "/"+name, 1) + "</Arn><Path>/</Path>" + roles
}

func accountSummary(used, quota int) string {
	return result("GetAccountSummary", fmt.Sprintf("<SummaryMap><entry><key>InstanceProfiles</key><value>%d</value></entry>"+
		"<entry><key>InstanceProfilesQuota</key><value>%d</value></entry></SummaryMap>", used, quota))
}

// simulated is one result of SimulatePrincipalPolicy, with further elements.
func simulated(decision string, inner ...string) string {
	return result("SimulatePrincipalPolicy", "<IsTruncated>false</IsTruncated><EvaluationResults><member>"+
		"<EvalActionName>iam:PassRole</EvalActionName><EvalDecision>"+decision+"</EvalDecision>"+
		"<EvalResourceName>*</EvalResourceName>"+strings.Join(inner, "")+"</member></EvaluationResults>")
}

func matchedStatement(policy, kind string) string {
	return "<MatchedStatements><member><SourcePolicyId>" + policy + "</SourcePolicyId><SourcePolicyType>" + kind + "</SourcePolicyType>" +
		"<StartPosition><Line>4</Line><Column>6</Column></StartPosition><EndPosition><Line>9</Line><Column>7</Column></EndPosition></member></MatchedStatements>"
}

const (
	describedInstance = "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>" + instanceID + "</instanceId>" +
		"<instanceState><code>16</code><name>running</name></instanceState>" +
		"<iamInstanceProfile><arn>" + profileARN + "</arn><id>AIPAEXAMPLEEXAMPLE000</id></iamInstanceProfile>" +
		"<metadataOptions><state>applied</state><httpTokens>required</httpTokens><httpPutResponseHopLimit>2</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint></metadataOptions>" +
		"</item></instancesSet></item></reservationSet></DescribeInstancesResponse>"
	describedAssociation = "<DescribeIamInstanceProfileAssociationsResponse><iamInstanceProfileAssociationSet><item>" +
		"<associationId>iip-assoc-0123456789abcdef0</associationId><instanceId>" + instanceID + "</instanceId><state>associated</state>" +
		"</item></iamInstanceProfileAssociationSet></DescribeIamInstanceProfileAssociationsResponse>"
)

// expect compares a report's verdict, and makes sure that the report holds no
// secret and fits a terminal.
func expect(t *testing.T, r doctor.Report, condition doctor.Condition, severity probes.Severity) {
	t.Helper()
	if r.Condition != condition || r.Severity != severity {
		t.Errorf("%s (%s), want %s (%s): %s\n%+v", r.Condition, r.Severity, condition, severity, r.Summary, r.Steps)
	}
	var text, json strings.Builder
	if err := r.WriteText(&text, false); err != nil {
		t.Error(err)
	}
	if err := r.WriteJSON(&json); err != nil {
		t.Error(err)
	}
	for _, secret := range []string{canary, canaryTok} {
		if strings.Contains(text.String()+json.String(), secret) {
			t.Errorf("%s is in the report", secret)
		}
	}
	if strings.HasPrefix(text.String(), "iam-doctor: ") {
		return
	}
	for line := range strings.Lines(text.String()) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 && !strings.HasPrefix(line, "More: https://") && !strings.ContainsAny(line, "{") && !strings.Contains(line, " arn:") && len(strings.Fields(line)) > 1 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// stepOf returns the ladder's step of that name.
func stepOf(t *testing.T, r doctor.Report, name string) doctor.Step {
	t.Helper()
	for _, s := range r.Steps {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no step %q", name)
	return doctor.Step{}
}

// adding is the request to add a role to a profile, by their names.
func adding(profile, role string) doctor.AddRoleRequest {
	return doctor.AddRoleRequest{Profile: doctor.Ref{Name: profile}, Role: doctor.Ref{Name: role}}
}

// commands are the commands of a remedy, a line each.
func commands(r doctor.Report) string {
	var all []string
	for _, s := range r.Remedy {
		all = append(all, s.Command)
	}
	return strings.Join(all, "\n")
}
