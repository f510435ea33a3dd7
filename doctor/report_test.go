package doctor_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/doctor"
	"github.com/imds-probe/imds-probe/probes"
)

// ownConditions reads the names of the doctor's conditions off their source, so
// that none can be added without an entry in the catalogue.
func ownConditions(t *testing.T) []doctor.Condition {
	t.Helper()
	source, err := os.ReadFile("condition.go")
	if err != nil {
		t.Fatal(err)
	}
	var all []doctor.Condition
	for _, m := range regexp.MustCompile(`Condition = "([a-z_]+)"`).FindAllStringSubmatch(string(source), -1) {
		all = append(all, doctor.Condition(m[1]))
	}
	if len(all) < 30 {
		t.Fatalf("found %d conditions", len(all))
	}
	return all
}

func TestCatalogueIsComplete(t *testing.T) {
	// The remedy of these is made from the answers alone.
	made := map[doctor.Condition]bool{
		doctor.ConditionLacking: true, doctor.ConditionListDenied: true,
		doctor.ConditionAddDenied: true, doctor.ConditionPassDenied: true, doctor.ConditionRunDenied: true,
	}
	for _, c := range ownConditions(t) {
		var daemon probes.Condition
		if daemon.UnmarshalText([]byte(c)) == nil {
			t.Errorf("%s is the agent's already", c)
		}
		e, known := doctor.Explain(c)
		if !known || e.Title == "" || e.Meaning == "" || !strings.HasPrefix(e.Doc, "https://docs.aws.amazon.com/") {
			t.Errorf("%s: %+v", c, e)
		}
		if e.Severity != probes.SeverityOK && len(e.Remedy) == 0 && !made[c] {
			t.Errorf("%s has no remedy", c)
		}
	}
	for _, c := range probes.Conditions() {
		e, known := doctor.Explain(doctor.Condition(c.String()))
		if !known || e.Severity != c.Severity() || e.Doc != probes.Explain(c).Doc || e.Title == "" || e.Meaning == "" {
			t.Errorf("%s: %+v", c, e)
		}
	}
	if _, known := doctor.Explain("no_such_condition"); known {
		t.Error("no_such_condition is known")
	}
}

// TestJSON fixes the document that scripts read.
func TestJSON(t *testing.T) {
	f := with("GetInstanceProfile", gotProfile(""))
	r := f.doctor().Instance(t.Context(), doctor.InstanceRequest{ID: instanceID})
	r.CheckedAt = noon
	var b strings.Builder
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "no_role.json", b.String())
	var text strings.Builder
	if err := r.WriteText(&text, false); err != nil {
		t.Fatal(err)
	}
	golden(t, "no_role.txt", text.String())
}

// golden compares with a file, which UPDATE_GOLDEN=1 writes.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestColour(t *testing.T) {
	r := with().doctor().Instance(t.Context(), doctor.InstanceRequest{ID: instanceID})
	var plain, coloured strings.Builder
	if err := r.WriteText(&plain, false); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteText(&coloured, true); err != nil {
		t.Fatal(err)
	}
	bare := regexp.MustCompile("\x1b\\[[0-9;]+m").ReplaceAllString(coloured.String(), "")
	if bare == coloured.String() || bare != plain.String() {
		t.Errorf("colour changes the text:\n%s", cmp.Diff(plain.String(), bare))
	}
}

// TestHostileNames: what AWS (or what poses as it) answers steers no terminal
// and gets into no command.
func TestHostileNames(t *testing.T) {
	evil := "x;reboot\x1b[2J\u009b31m\u202e"
	xml := strings.NewReplacer("\x1b", "\uFFFD").Replace(evil)
	hostile := func(s string) string { return strings.ReplaceAll(s, "app", xml) }
	f := with(
		"GetInstanceProfile", hostile(gotProfile(roleXML("app", policy(allowEC2)))),
		"GetRole", iamError("AccessDenied", evil),
		"ListInstanceProfiles", iamError("AccessDenied", evil),
		"ListInstanceProfilesForRole", result("ListInstanceProfilesForRole", "<InstanceProfiles><member>"+profileXML(xml, roleXML("app", ""))+"</member></InstanceProfiles>"),
		"SimulatePrincipalPolicy", simulated("explicitDeny", matchedStatement(xml, "user")),
		"RunInstances", ec2Error(xml, xml),
	)
	d := f.doctor()
	trap := strings.Replace(allowEC2, `{"Effect"`, `{"Sid":"`+"\u009b31m\u202e"+`","Effect"`, 1)
	trap = policy(strings.Replace(trap, "ec2.", "lambda.", 1))
	trapped := with("GetRole", result("GetRole", "<Role>"+roleXML("app", trap)+"</Role>")).doctor()
	for _, r := range []doctor.Report{
		trapped.Instance(t.Context(), doctor.InstanceRequest{ID: instanceID}),
		d.Instance(t.Context(), doctor.InstanceRequest{ID: instanceID}), d.Role(t.Context(), doctor.Ref{Name: "app"}, ""),
		d.AddRole(t.Context(), adding("app", "app")),
		d.Launch(t.Context(), doctor.LaunchRequest{Profile: evil}),
		d.Launch(t.Context(), doctor.LaunchRequest{Profile: "app", DryRun: true, ImageID: "ami-0123456789abcdef0"}),
	} {
		var text, document strings.Builder
		if err := r.WriteText(&text, false); err != nil {
			t.Error(err)
		}
		if err := r.WriteJSON(&document); err != nil {
			t.Error(err)
		}
		if strings.ContainsAny(text.String(), "\x1b\u009b\u202e") {
			t.Errorf("%s: %q", r.Topic, text.String())
		}
		if !json.Valid([]byte(document.String())) {
			t.Errorf("%s: not JSON", r.Topic)
		}
		for _, step := range r.Remedy {
			if strings.Contains(step.Command, "reboot") {
				t.Errorf("%s: %s", r.Topic, step.Command)
			}
		}
	}
}

// TestPlaceholderLikeNames: a name that looks like a placeholder is a name.
func TestPlaceholderLikeNames(t *testing.T) {
	f := with("GetInstanceProfile", gotProfile(roleXML("other", "")), "GetCallerIdentity", caller("arn:aws:iam::123456789012:user/ROLE"))
	r := f.doctor().AddRole(t.Context(), adding("my-ROLE", "PROFILE"))
	want := "aws iam add-role-to-instance-profile --instance-profile-name my-ROLE --role-name PROFILE"
	if !strings.Contains(commands(r), want) {
		t.Errorf("no %q in %q", want, commands(r))
	}
}

func TestOtherPartition(t *testing.T) {
	r := with().doctor().Launch(t.Context(), doctor.LaunchRequest{Profile: strings.Replace(profileARN, "aws", "aws-us-gov", 1)})
	expect(t, r, doctor.ConditionOtherPartition, probes.SeverityCritical)
}

func TestLaunchNotMootWithoutDryRun(t *testing.T) {
	f := with("SimulatePrincipalPolicy", iamError("AccessDenied", "no"))
	r := f.doctor().Launch(t.Context(), doctor.LaunchRequest{Profile: "app"})
	expect(t, r, doctor.ConditionLacking, probes.SeverityUnknown)
	r = f.doctor().Launch(t.Context(), doctor.LaunchRequest{Profile: "app", DryRun: true, ImageID: "ami-0123456789abcdef0"})
	expect(t, r, doctor.ConditionLaunchAllowed, probes.SeverityOK)
}
