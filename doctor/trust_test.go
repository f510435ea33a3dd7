package doctor_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/doctor"
)

const (
	ec2Name  = `"ec2.amazonaws.com"`
	allowEC2 = `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`
	denyEC2  = `{"Effect":"Deny","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`
)

// policy wraps statements into a document.
func policy(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// statement is an Allow (or other effect) of sts:AssumeRole for the principal.
func statement(effect, principal, action string) string {
	return `{"Effect":"` + effect + `",` + principal + `,` + action + `}`
}

type trustCase struct {
	name      string
	policy    string
	partition string
	want      doctor.Trust
	detail    string
}

const assume = `"Action":"sts:AssumeRole"`

func principalCases() []trustCase {
	allow := func(principal string) string { return policy(statement("Allow", principal, assume)) }
	return []trustCase{
		{name: "string", policy: allow(`"Principal":{"Service":"ec2.amazonaws.com"}`), want: doctor.TrustAllows, detail: "statement 1 allows it"},
		{name: "list of one", policy: allow(`"Principal":{"Service":["ec2.amazonaws.com"]}`), want: doctor.TrustAllows},
		{name: "list, ours last", policy: allow(`"Principal":{"Service":["lambda.amazonaws.com","ec2.amazonaws.com"]}`), want: doctor.TrustAllows},
		{name: "list without ours", policy: allow(`"Principal":{"Service":["lambda.amazonaws.com","ecs.amazonaws.com"]}`), want: doctor.TrustSilent, detail: "it trusts ecs.amazonaws.com, lambda.amazonaws.com, not ec2.amazonaws.com"},
		{name: "empty list", policy: allow(`"Principal":{"Service":[]}`), want: doctor.TrustSilent},
		{name: "everybody", policy: allow(`"Principal":"*"`), want: doctor.TrustAllows},
		{name: "everybody as AWS", policy: allow(`"Principal":{"AWS":"*"}`), want: doctor.TrustAllows},
		{name: "everybody as AWS in a list", policy: allow(`"Principal":{"AWS":["arn:aws:iam::1:root","*"]}`), want: doctor.TrustAllows},
		{name: "an account", policy: allow(`"Principal":{"AWS":"arn:aws:iam::123456789012:root"}`), want: doctor.TrustSilent},
		{name: "account and service", policy: allow(`"Principal":{"AWS":"123456789012","Service":"ec2.amazonaws.com"}`), want: doctor.TrustAllows},
		{name: "service name among AWS", policy: allow(`"Principal":{"AWS":"ec2.amazonaws.com"}`), want: doctor.TrustSilent},
		{name: "federated", policy: allow(`"Principal":{"Federated":"cognito-identity.amazonaws.com"}`), want: doctor.TrustSilent},
		{name: "wildcard in a service name", policy: allow(`"Principal":{"Service":"*.amazonaws.com"}`), want: doctor.TrustSilent},
		{name: "near name", policy: allow(`"Principal":{"Service":"ec2.amazon.com"}`), want: doctor.TrustSilent},
		{name: "spot fleet is not EC2", policy: allow(`"Principal":{"Service":"spotfleet.amazonaws.com"}`), want: doctor.TrustSilent},
		{name: "no principal of that kind", policy: allow(`"Principal":{"Group":"ec2.amazonaws.com"}`), want: doctor.TrustMalformed},
		{name: "principal is a bare name", policy: allow(`"Principal":"ec2.amazonaws.com"`), want: doctor.TrustMalformed},
		{name: "principal is a number", policy: allow(`"Principal":7`), want: doctor.TrustMalformed},
		{name: "no principal", policy: policy(`{"Effect":"Allow",` + assume + `}`), want: doctor.TrustMalformed},
		{name: "allow all but EC2", policy: allow(`"NotPrincipal":{"Service":"ec2.amazonaws.com"}`), want: doctor.TrustSilent},
		{name: "allow all but another", policy: allow(`"NotPrincipal":{"Service":"lambda.amazonaws.com"}`), want: doctor.TrustAllows},
		{name: "allow all but everybody", policy: allow(`"NotPrincipal":"*"`), want: doctor.TrustSilent},
		{name: "both principals", policy: policy(`{"Effect":"Allow","Principal":"*","NotPrincipal":"*",` + assume + `}`), want: doctor.TrustMalformed},
	}
}

func actionCases() []trustCase {
	allow := func(action string) string {
		return policy(statement("Allow", `"Principal":{"Service":`+ec2Name+`}`, action))
	}
	return []trustCase{
		{name: "action in a list", policy: allow(`"Action":["sts:TagSession","sts:AssumeRole"]`), want: doctor.TrustAllows},
		{name: "action by wildcard", policy: allow(`"Action":"sts:*"`), want: doctor.TrustAllows},
		{name: "every action", policy: allow(`"Action":"*"`), want: doctor.TrustAllows},
		{name: "wildcard at the end", policy: allow(`"Action":"sts:Assume*"`), want: doctor.TrustAllows},
		{name: "question mark", policy: allow(`"Action":"sts:AssumeRol?"`), want: doctor.TrustAllows},
		{name: "question mark too many", policy: allow(`"Action":"sts:AssumeRole?"`), want: doctor.TrustSilent},
		{name: "case does not matter", policy: allow(`"Action":"STS:assumerole"`), want: doctor.TrustAllows},
		{name: "another action", policy: allow(`"Action":"sts:AssumeRoleWithWebIdentity"`), want: doctor.TrustSilent, detail: "statement 1 names EC2, but not for sts:AssumeRole"},
		{name: "another service's action", policy: allow(`"Action":"iam:PassRole"`), want: doctor.TrustSilent},
		{name: "all but another action", policy: allow(`"NotAction":"sts:TagSession"`), want: doctor.TrustAllows},
		{name: "all but this action", policy: allow(`"NotAction":["sts:AssumeRole"]`), want: doctor.TrustSilent},
		{name: "all but sts", policy: allow(`"NotAction":"sts:*"`), want: doctor.TrustSilent},
		{name: "no action", policy: policy(`{"Effect":"Allow","Principal":"*"}`), want: doctor.TrustMalformed},
		{name: "both actions", policy: allow(`"Action":"*","NotAction":"*"`), want: doctor.TrustMalformed},
		{name: "empty list of actions", policy: allow(`"Action":[]`), want: doctor.TrustSilent},
	}
}

func combinationCases() []trustCase {
	conditional := func(effect, condition string) string {
		return statement(effect, `"Sid":"Maybe","Principal":{"Service":"ec2.amazonaws.com"}`, assume+`,"Condition":`+condition)
	}
	arn := `{"ArnLike":{"aws:SourceArn":"arn:aws:ec2:*:*:instance/*"},"StringEquals":{"aws:SourceAccount":"123456789012"}}`
	return []trustCase{
		{name: "one statement without a list", policy: `{"Statement":` + allowEC2 + `}`, want: doctor.TrustAllows},
		{name: "no statements", policy: policy(), want: doctor.TrustSilent, detail: "no statement allows anybody sts:AssumeRole"},
		{name: "second of two", policy: policy(statement("Allow", `"Principal":{"Service":"lambda.amazonaws.com"}`, assume), allowEC2), want: doctor.TrustAllows, detail: "statement 2 allows it"},
		{name: "deny after allow", policy: policy(allowEC2, denyEC2), want: doctor.TrustDenies, detail: "statement 2 denies it"},
		{name: "deny before allow", policy: policy(denyEC2, allowEC2), want: doctor.TrustDenies},
		{name: "deny alone", policy: policy(denyEC2), want: doctor.TrustDenies},
		{name: "deny everybody", policy: policy(allowEC2, statement("Deny", `"Principal":"*"`, `"Action":"*"`)), want: doctor.TrustDenies},
		{name: "deny another", policy: policy(allowEC2, statement("Deny", `"Principal":{"Service":"lambda.amazonaws.com"}`, assume)), want: doctor.TrustAllows},
		{name: "deny another action", policy: policy(allowEC2, statement("Deny", `"Principal":"*"`, `"Action":"sts:TagSession"`)), want: doctor.TrustAllows},
		{name: "deny all but EC2", policy: policy(allowEC2, statement("Deny", `"NotPrincipal":{"Service":"ec2.amazonaws.com"}`, assume)), want: doctor.TrustAllows},
		{name: "deny all but another", policy: policy(allowEC2, statement("Deny", `"NotPrincipal":{"AWS":"arn:aws:iam::123456789012:root"}`, assume)), want: doctor.TrustDenies},
		{name: "deny all but this action", policy: policy(allowEC2, statement("Deny", `"Principal":"*"`, `"NotAction":"sts:AssumeRole"`)), want: doctor.TrustAllows},
		{name: "conditional allow", policy: policy(conditional("Allow", arn)), want: doctor.TrustDepends, detail: "statement 1 (Maybe) (condition on aws:SourceAccount, aws:SourceArn) allows it only when its condition holds"},
		{name: "conditional and plain allow", policy: policy(conditional("Allow", arn), allowEC2), want: doctor.TrustAllows},
		{name: "conditional deny", policy: policy(allowEC2, conditional("Deny", arn)), want: doctor.TrustDepends},
		{name: "conditional deny alone", policy: policy(conditional("Deny", arn)), want: doctor.TrustSilent},
		{name: "conditional allow, plain deny", policy: policy(conditional("Allow", arn), denyEC2), want: doctor.TrustDenies},
		{name: "empty condition", policy: policy(conditional("Allow", `{}`)), want: doctor.TrustAllows},
		{name: "condition of no known shape", policy: policy(conditional("Allow", `"always"`)), want: doctor.TrustMalformed},
		{name: "effect in lower case", policy: policy(statement("allow", `"Principal":"*"`, assume)), want: doctor.TrustMalformed},
		{name: "no effect", policy: policy(`{"Principal":"*",` + assume + `}`), want: doctor.TrustMalformed},
		{name: "empty document", policy: ``, want: doctor.TrustMalformed},
		{name: "null", policy: `null`, want: doctor.TrustSilent},
		{name: "null statement", policy: policy(`null`), want: doctor.TrustMalformed},
		{name: "not JSON", policy: `Effect: Allow`, want: doctor.TrustMalformed},
		{name: "more after the document", policy: policy(allowEC2) + `{}`, want: doctor.TrustMalformed},
		{name: "too long", policy: policy(allowEC2) + strings.Repeat(" ", 64<<10), want: doctor.TrustMalformed},
	}
}

func partitionCases() []trustCase {
	allow := func(service string) string {
		return policy(statement("Allow", `"Principal":{"Service":"`+service+`"}`, assume))
	}
	return []trustCase{
		{name: "China, its own name", policy: allow("ec2.amazonaws.com.cn"), partition: "aws-cn", want: doctor.TrustAllows},
		{name: "China, the name of all", policy: allow("ec2.amazonaws.com"), partition: "aws-cn", want: doctor.TrustAllows},
		{name: "China's name elsewhere", policy: allow("ec2.amazonaws.com.cn"), want: doctor.TrustSilent},
		{name: "GovCloud", policy: allow("ec2.amazonaws.com"), partition: "aws-us-gov", want: doctor.TrustAllows},
		{name: "GovCloud, China's name", policy: allow("ec2.amazonaws.com.cn"), partition: "aws-us-gov", want: doctor.TrustSilent},
		{name: "isolated, its own name", policy: allow("ec2.c2s.ic.gov"), partition: "aws-iso", want: doctor.TrustAllows},
		{name: "partition of the future", policy: allow("ec2.amazonaws.com"), partition: "aws-moon", want: doctor.TrustAllows},
	}
}

func trustCases() []trustCase {
	var all []trustCase
	for _, group := range [][]trustCase{principalCases(), actionCases(), combinationCases(), partitionCases()} {
		all = append(all, group...)
	}
	return all
}

func TestEvaluateTrust(t *testing.T) {
	cases := trustCases()
	if len(cases) < 40 {
		t.Fatalf("%d policies, want at least 40", len(cases))
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			partition := c.partition
			if partition == "" {
				partition = "aws"
			}
			got := doctor.EvaluateTrust(c.policy, doctor.EC2Services(partition))
			if got.Trust != c.want {
				t.Errorf("got %s (%s), want %s\n%s", got.Trust, got.Detail, c.want, c.policy)
			}
			if c.detail != "" && got.Detail != c.detail {
				t.Errorf("detail %q, want %q", got.Detail, c.detail)
			}
			if got.Detail == "" {
				t.Error("no detail")
			}
		})
	}
}

func TestTrustString(t *testing.T) {
	want := map[doctor.Trust]string{
		doctor.TrustMalformed: "malformed", doctor.TrustAllows: "allows", doctor.TrustDepends: "depends",
		doctor.TrustDenies: "denies", doctor.TrustSilent: "silent", doctor.Trust(99): "Trust(99)",
	}
	for trust, name := range want {
		if trust.String() != name {
			t.Errorf("%d: got %q, want %q", trust, trust, name)
		}
	}
}

// FuzzEvaluateTrust: whatever the document, the evaluation ends without a panic
// in a ruling that fits a terminal, and a denial added to a policy is never
// overruled.
func FuzzEvaluateTrust(f *testing.F) {
	for _, c := range trustCases() {
		if len(c.policy) < 4096 {
			f.Add(c.policy)
		}
	}
	f.Add(policy(statement("Allow", `"Principal":"*"`, `"Action":"`+strings.Repeat("*a", 500)+`"`)))
	f.Fuzz(func(t *testing.T, document string) {
		services := doctor.EC2Services("aws")
		got := doctor.EvaluateTrust(document, services)
		if strings.ContainsFunc(got.Detail, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x9b }) {
			t.Errorf("control character in %q", got.Detail)
		}
		if mended, _, ok := doctor.FixTrust(document, services[0]); ok && got.Trust == doctor.TrustSilent {
			if again := doctor.EvaluateTrust(string(mended), services); again.Trust != doctor.TrustAllows && again.Trust != doctor.TrustDepends {
				t.Errorf("mended: %s: %s", again.Trust, mended)
			}
		}
		inner, isList := strings.CutPrefix(document, `{"Version":"2012-10-17","Statement":[`)
		inner, whole := strings.CutSuffix(inner, `]}`)
		if !isList || !whole || !json.Valid([]byte("["+inner+"]")) || got.Trust == doctor.TrustMalformed {
			return
		}
		denied := doctor.EvaluateTrust(policy(strings.TrimSpace(inner+","+denyEC2)), services)
		if denied.Trust == doctor.TrustAllows || denied.Trust == doctor.TrustDepends {
			t.Errorf("%s although denied: %s", denied.Trust, document)
		}
	})
}
