package doctor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// outcome is what a run of the binary left behind.
type outcome struct {
	stdout, stderr string
	code           int
}

// report is the JSON document, as a script would read it.
type report struct {
	Topic     string       `json:"topic"`
	Target    string       `json:"target"`
	Caller    string       `json:"caller"`
	Condition string       `json:"condition"`
	Severity  string       `json:"severity"`
	Summary   string       `json:"summary"`
	Meaning   string       `json:"meaning"`
	Findings  []finding    `json:"findings"`
	Remedy    []remedy     `json:"remedy"`
	Policies  []policyFile `json:"policies"`
	Doc       string       `json:"doc"`
	Steps     []step       `json:"steps"`
}

type finding struct {
	Condition string `json:"condition"`
	Severity  string `json:"severity"`
}

type remedy struct {
	Text    string `json:"text"`
	Command string `json:"command"`
}

type policyFile struct {
	File     string          `json:"file"`
	Document json.RawMessage `json:"document"`
}

// policy returns the one policy that the remedy puts in place.
func (r report) policy(t *testing.T) string {
	t.Helper()
	if len(r.Policies) != 1 {
		t.Fatalf("%d policies, want one: %+v", len(r.Policies), r.Policies)
	}
	return string(r.Policies[0].Document)
}

type step struct {
	Name     string            `json:"step"`
	Status   string            `json:"status"`
	Reason   string            `json:"reason"`
	Asked    string            `json:"asked"`
	Answer   string            `json:"answer"`
	Lacks    string            `json:"lacks"`
	Evidence map[string]string `json:"evidence"`
}

// step returns the ladder's step of that name.
func (r report) step(t *testing.T, name string) step {
	t.Helper()
	for _, s := range r.Steps {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("the ladder has no step %q: %+v", name, r.Steps)
	return step{}
}

// env is the whole environment of a run: these keys, and nothing of the
// machine's. IMDS is out of reach of the SDK's credential chain.
func env(t *testing.T, k keys, region string, more ...string) []string {
	t.Helper()
	nowhere := t.TempDir()
	e := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + nowhere, "AWS_REGION=" + region,
		"AWS_CONFIG_FILE=" + nowhere + "/config", "AWS_SHARED_CREDENTIALS_FILE=" + nowhere + "/credentials",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1",
	}
	if k.id != "" {
		e = append(e, "AWS_ACCESS_KEY_ID="+k.id, "AWS_SECRET_ACCESS_KEY="+k.secret)
	}
	if k.token != "" {
		e = append(e, "AWS_SESSION_TOKEN="+k.token)
	}
	return append(e, more...)
}

// execute runs the binary, and makes sure that its output holds no secret.
func execute(t *testing.T, environment []string, args ...string) outcome {
	t.Helper()
	command := exec.CommandContext(t.Context(), shared.binary, args...)
	command.Env = environment
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	o := outcome{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		if name != "AWS_SECRET_ACCESS_KEY" && name != "AWS_SESSION_TOKEN" {
			continue
		}
		if strings.Contains(o.stdout+o.stderr, value) {
			t.Fatalf("%s is in the output of %v", name, args)
		}
	}
	return o
}

// diagnose runs the binary as the principal and returns its JSON report.
func diagnose(t *testing.T, k keys, args ...string) report {
	t.Helper()
	return diagnoseIn(t, "us-east-1", k, args...)
}

func diagnoseIn(t *testing.T, region string, k keys, args ...string) report {
	t.Helper()
	return diagnoseAt(t, shared.endpoint, region, k, args...)
}

func diagnoseAt(t *testing.T, endpoint, region string, k keys, args ...string) report {
	t.Helper()
	args = append(args, "--endpoint-url="+endpoint, "--output=json")
	o := execute(t, env(t, k, region), args...)
	var r report
	if err := json.Unmarshal([]byte(o.stdout), &r); err != nil {
		t.Fatalf("%v: %v\nstdout: %s\nstderr: %s", args, err, o.stdout, o.stderr)
	}
	codes := map[string]int{"ok": 0, "warning": 1, "critical": 2, "unknown": 3}
	if want, known := codes[r.Severity]; !known || o.code != want {
		t.Errorf("exit code %d for severity %q", o.code, r.Severity)
	}
	if r.Severity != "ok" && (r.Summary == "" || r.Meaning == "" || len(r.Remedy) == 0 || !strings.HasPrefix(r.Doc, "https://docs.aws.amazon.com/")) {
		t.Errorf("incomplete: %s", o.stdout)
	}
	return r
}

// expect compares a report's verdict.
func expect(t *testing.T, r report, condition, severity string) {
	t.Helper()
	got, want := [2]string{r.Condition, r.Severity}, [2]string{condition, severity}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("verdict (-want +got):\n%s\n%s\n%+v", diff, r.Summary, r.Steps)
	}
}

// expectStep compares how a step ended.
func expectStep(t *testing.T, r report, name, status, reason string) step {
	t.Helper()
	s := r.step(t, name)
	got, want := [2]string{s.Status, s.Reason}, [2]string{status, reason}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("step %s (-want +got):\n%s\n%s", name, diff, s.Answer)
	}
	return s
}

// expectRemedy looks for the exact command in the remedy.
func expectRemedy(t *testing.T, r report, command string) {
	t.Helper()
	for _, step := range r.Remedy {
		if strings.Contains(step.Text+"\n"+step.Command, command) {
			return
		}
	}
	t.Errorf("no %q in the remedy %q", command, r.Remedy)
}
