package doctor_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/doctor"
)

// TestFixTrust: what was there stays, but for principals that IAM would refuse.
func TestFixTrust(t *testing.T) {
	const added = `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`
	allow := func(principal string) string {
		return `{"Sid":"Own","Effect":"Allow","Principal":` + principal + `,"Action":"sts:AssumeRole","Condition":{"Bool":{"a":"true"}}}`
	}
	for name, c := range map[string]struct {
		statement, kept string
		dropped         []string
	}{
		"another service":       {allow(`{"Service":"lambda.amazonaws.com"}`), "same", nil},
		"an account":            {allow(`{"AWS":"123456789012"}`), "same", nil},
		"an ARN":                {allow(`{"AWS":["arn:aws:iam::123456789012:root","*"]}`), "same", nil},
		"everybody":             {allow(`"*"`), "same", nil},
		"a web identity":        {allow(`{"Federated":"cognito"}`), "same", nil},
		"EC2 of a region":       {allow(`{"Service":"ec2.application-autoscaling.amazonaws.com"}`), "same", nil},
		"China's EC2":           {allow(`{"Service":"ec2.amazonaws.com.cn"}`), "same", nil},
		"EC2's scheduler":       {allow(`{"Service":"ec2scheduled.example"}`), "same", nil},
		"misspelt":              {allow(`{"Service":"ec2.amazonaw.com"}`), "", []string{"ec2.amazonaw.com"}},
		"in capitals":           {allow(`{"Service":"EC2.amazonaws.com"}`), "", []string{"EC2.amazonaws.com"}},
		"a space":               {allow(`{"Service":"ec2.amazonaws.com "}`), "", []string{"ec2.amazonaws.com"}},
		"short":                 {allow(`{"Service":"ec2"}`), "", []string{"ec2"}},
		"misspelt among others": {allow(`{"Service":["ec2.aws.com","lambda.amazonaws.com","ecs.amazonaws.com"]}`), allow(`{"Service":["lambda.amazonaws.com","ecs.amazonaws.com"]}`), []string{"ec2.aws.com"}},
		"a role that is gone":   {allow(`{"AWS":["AROAEXAMPLEEXAMPLE000","arn:aws:iam::123456789012:root"]}`), allow(`{"AWS":"arn:aws:iam::123456789012:root"}`), []string{"AROAEXAMPLEEXAMPLE000"}},
		"a service as account":  {allow(`{"AWS":"ec2.amazonaws.com","Service":"lambda.amazonaws.com"}`), allow(`{"Service":"lambda.amazonaws.com"}`), []string{"ec2.amazonaws.com"}},
		"a deny stays":          {`{"Effect":"Deny","Principal":{"Service":"ec2.aws.com"},"Action":"sts:AssumeRole"}`, "same", nil},
	} {
		t.Run(name, func(t *testing.T) {
			kept := c.kept
			if kept == "same" {
				kept = c.statement
			}
			want := `{"Version":"2012-10-17","Statement":[` + strings.TrimPrefix(kept+","+added, ",") + `]}`
			got, dropped, ok := doctor.FixTrust(policy(c.statement), "ec2.amazonaws.com")
			if diff := cmp.Diff(want, string(got)); diff != "" || !ok {
				t.Errorf("%t, -want +got:\n%s", ok, diff)
			}
			if diff := cmp.Diff(c.dropped, dropped); diff != "" {
				t.Errorf("dropped, -want +got:\n%s", diff)
			}
		})
	}
	got, _, ok := doctor.FixTrust(`{"Id":"mine","Statement":`+allowEC2+`}`, "ec2.amazonaws.com")
	if want := `{"Version":"2012-10-17","Id":"mine","Statement":[` + allowEC2 + `,` + added + `]}`; string(got) != want || !ok {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, _, ok := doctor.FixTrust("rubbish", "ec2.amazonaws.com"); ok {
		t.Error("kept rubbish")
	}
}
