package doctor_test

import (
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/doctor"
)

// TestParseRef: names and ARNs are accepted, and nothing else.
func TestParseRef(t *testing.T) {
	for given, want := range map[string]string{
		"app":                                "app",
		"arn:aws:iam::123456789012:role/app": "app",
		"arn:aws-cn:iam::123456789012:role/service/deep/app": "app",
		"arn:aws:iam::123456789012:instance-profile/app":     "",
		"arn:aws:iam::12345678901:role/app":                  "",
		"arn:aws:iam::1234567890123:role/app":                "",
		"arn:aws:iam::12345678901x:role/app":                 "",
		"arn:aws:s3::123456789012:role/app":                  "",
		"arn:aws:iam::123456789012:role/":                    "",
		"Arn:aws:iam::123456789012:role/app":                 "",
		"arn:":                                               "", "a;b": "", "": "",
		"arn:aws:iam::123456789012:role/a;b":                        "",
		"arn:aws:iam::123456789012:role/\u202e/app":                 "",
		"arn:aws:iam::123456789012:role/" + strings.Repeat("a", 65): "",
		strings.Repeat("a", 64):                                     strings.Repeat("a", 64),
	} {
		ref, err := doctor.ParseRole(given)
		if (err == nil) != (want != "") || ref.Name != want {
			t.Errorf("%s: %+v, %v", given, ref, err)
		}
		if err == nil && ref.String() != given {
			t.Errorf("%s is shown as %s", given, ref)
		}
	}
	if ref, err := doctor.ParseProfile(profileARN); err != nil || ref.Name != "app" || ref.ARN != profileARN {
		t.Errorf("%+v, %v", ref, err)
	}
	if _, err := doctor.ParseProfile(appRoleARN); err == nil || !strings.Contains(err.Error(), "not the ARN of an instance profile") {
		t.Error(err)
	}
}

func TestParsePrincipal(t *testing.T) {
	for given, ok := range map[string]bool{
		userARN: true, sessionARN: true, appRoleARN: true,
		"arn:aws:iam::123456789012:root":              true,
		"arn:aws:sts::123456789012:federated-user/me": true,
		"arn:aws:iam::123456789012:group/g":           false,
		"arn:aws:sts::123456789012:user/me":           false,
		"arn:aws:iam::123:user/me":                    false,
		"arn:aws:iam::123456789012:user/a;b":          false,
		"arn:aws:iam::123456789012:user/\u202e/me":    false,
		"me": false, "": false,
	} {
		if got, err := doctor.ParsePrincipal(given); (err == nil) != ok || (ok && got != given) {
			t.Errorf("%s: %v", given, err)
		}
	}
}

func TestParseInstance(t *testing.T) {
	for given, want := range map[string]string{
		instanceID: instanceID + " ",
		"arn:aws:ec2:eu-west-1:123456789012:instance/" + instanceID: instanceID + " eu-west-1",
		"arn:aws:ec2:moon:123456789012:instance/" + instanceID:      "",
		"arn:aws:ec2:eu-west-1:123456789012:volume/" + instanceID:   "",
		"arn:aws:rds:eu-west-1:123456789012:instance/" + instanceID: "",
		"arn:aws:ec2:eu-west-1:123456789012:instance/web":           "",
		"web-1": "",
	} {
		id, region, err := doctor.ParseInstance(given)
		if got := id + " " + region; (err == nil) != (want != "") || (err == nil && got != want) {
			t.Errorf("%s: %q, %v", given, got, err)
		}
	}
}

// TestElsewhere: IAM knows nothing of another account or partition, so nothing is
// asked there; the neighbour is an ARN of one's own.
func TestElsewhere(t *testing.T) {
	other := func(arn, account string) doctor.Ref {
		return doctor.Ref{Name: "app", ARN: strings.Replace(arn, "123456789012", account, 1)}
	}
	china := doctor.Ref{Name: "app", ARN: strings.Replace(appRoleARN, "aws", "aws-cn", 1)}
	own := doctor.Ref{Name: "app", ARN: appRoleARN}
	empty := []string{"GetInstanceProfile", gotProfile("")}
	for name, c := range map[string]struct {
		request doctor.AddRoleRequest
		want    doctor.Condition
	}{
		"own":               {doctor.AddRoleRequest{Profile: doctor.Ref{Name: "app", ARN: profileARN}, Role: own}, doctor.ConditionAddAllowed},
		"role elsewhere":    {doctor.AddRoleRequest{Profile: doctor.Ref{Name: "app"}, Role: other(appRoleARN, "999999999999")}, doctor.ConditionOtherAccount},
		"profile elsewhere": {doctor.AddRoleRequest{Profile: other(profileARN, "999999999999"), Role: own}, doctor.ConditionOtherAccount},
		"role in China":     {doctor.AddRoleRequest{Profile: doctor.Ref{Name: "app"}, Role: china}, doctor.ConditionOtherPartition},
		"another path":      {doctor.AddRoleRequest{Profile: doctor.Ref{Name: "app"}, Role: doctor.Ref{Name: "app", ARN: strings.Replace(appRoleARN, "/service", "", 1)}}, doctor.ConditionRoleMissing},
		"profile's path":    {doctor.AddRoleRequest{Profile: doctor.Ref{Name: "app", ARN: strings.Replace(profileARN, "/app", "/x/app", 1)}, Role: own}, doctor.ConditionProfileInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			f := with(empty...)
			r := f.doctor().AddRole(t.Context(), c.request)
			if r.Condition != c.want {
				t.Errorf("%s, want %s: %s", r.Condition, c.want, r.Summary)
			}
			expect(t, r, r.Condition, r.Severity)
			for _, s := range r.Steps {
				if s.Answer == "needs caller" {
					t.Errorf("the caller is known: %+v", s)
				}
			}
			if strings.HasPrefix(string(c.want), "other_") && len(f.sent) != 1 {
				t.Errorf("%d requests", len(f.sent))
			}
		})
	}
	r := with("ListInstanceProfiles", result("ListInstanceProfiles", "<InstanceProfiles/>")).doctor().Role(t.Context(), china, "")
	expect(t, r, doctor.ConditionOtherPartition, critical)
}
