package doctor_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
)

// auditReport is the JSON document of an audit, as a script would read it.
type auditReport struct {
	Account   string    `json:"account"`
	Regions   []string  `json:"regions"`
	Condition string    `json:"condition"`
	Severity  string    `json:"severity"`
	Counts    counts    `json:"counts"`
	Problems  []problem `json:"problems"`
}

type counts struct {
	Instances int `json:"instances"`
	Clean     int `json:"clean"`
}

type problem struct {
	Condition string        `json:"condition"`
	Severity  string        `json:"severity"`
	Reason    string        `json:"reason"`
	Profile   string        `json:"instance_profile"`
	Instances []instanceRef `json:"instances"`
	Policies  []policyFile  `json:"policies"`
}

type instanceRef struct {
	ID     string `json:"id"`
	Region string `json:"region"`
}

// of returns how many instances have the problem.
func (r auditReport) of(condition, profile string) int {
	for _, p := range r.Problems {
		if p.Condition == condition && (profile == "" || p.Profile == profile) {
			return len(p.Instances)
		}
	}
	return 0
}

func audit(t *testing.T, endpoint string, k keys, args ...string) auditReport {
	t.Helper()
	args = append([]string{"audit"}, append(args, "--endpoint-url="+endpoint, "--output=json")...)
	o := execute(t, env(t, k, "us-east-1"), args...)
	var r auditReport
	if err := json.Unmarshal([]byte(o.stdout), &r); err != nil {
		t.Fatalf("%v: %v\n%+v", args, err, o)
	}
	if want := map[string]int{"ok": 0, "warning": 1, "critical": 2, "unknown": 3}[r.Severity]; o.code != want {
		t.Errorf("exit code %d for %q", o.code, r.Severity)
	}
	return r
}

// TestAuditSituations breaks an instance for each problem; the neighbours beside
// them stay as they are, and are not named.
func TestAuditSituations(t *testing.T) {
	t.Parallel()
	a := shared.admin
	well := newFleet(t)
	a.setMetadata(t, well.instance, ec2types.InstanceMetadataEndpointStateEnabled, 1)
	second := a.newInstance(t, well.profile)
	a.setMetadata(t, second, ec2types.InstanceMetadataEndpointStateEnabled, 2)
	bare := a.newInstance(t, "")
	broken := func(name string, do func(profile, role, instance string)) string {
		profile, role := nameFor(t, name+"-p"), nameFor(t, name+"-r")
		a.newRole(t, role, trusting(ec2Service))
		a.newProfile(t, profile, role)
		instance := a.newInstance(t, profile)
		do(profile, role, instance)
		return instance
	}
	instances := []string{
		well.instance, second, bare,
		broken("gone", func(profile, role, _ string) { a.removeRole(t, profile, role); a.deleteProfile(t, profile) }),
		broken("again", func(profile, role, _ string) {
			a.removeRole(t, profile, role)
			a.deleteProfile(t, profile)
			a.newProfile(t, profile, role)
		}),
		broken("empty", func(profile, role, _ string) { a.removeRole(t, profile, role) }),
		broken("trust", func(_, role, _ string) { a.setTrust(t, role, trusting("lambda.amazonaws.com")) }),
		broken("off", func(_, _, instance string) {
			a.setMetadata(t, instance, ec2types.InstanceMetadataEndpointStateDisabled, 1)
		}),
	}
	for _, tag := range instances {
		must[*ec2.CreateTagsOutput](t)(a.ec2.CreateTags(t.Context(), &ec2.CreateTagsInput{
			Resources: []string{tag}, Tags: []ec2types.Tag{{Key: aws.String("test"), Value: aws.String(t.Name())}},
		}))
	}
	mine := "--filter=Name=tag:test,Values=" + t.Name()
	r := audit(t, shared.endpoint, a.keys, mine, "--containers")
	got := map[string]int{"instances": r.Counts.Instances}
	for _, p := range r.Problems {
		got[strings.TrimSuffix(strings.TrimPrefix(p.Profile, t.Name()+"-"), "-p")+" "+p.Condition+" "+p.Reason] = len(p.Instances)
	}
	want := map[string]int{
		"instances": 8, "gone instance_profile_not_found profile_not_found": 1,
		"again instance_profile_not_found profile_recreated": 1, "empty no_role profile_without_role": 1,
		"trust assume_role_unauthorized trust_allows_nobody": 1, " imds_disabled endpoint_disabled": 1,
		" instance_without_profile no_association": 1, " hop_limit_too_low hop_limit_one": 6,
		" imdsv1_allowed tokens_optional": 5,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if r.Condition != "instance_profile_not_found" {
		t.Errorf("first is %s", r.Condition)
	}
	// Of these two alone nothing is wrong: a hop limit of 1 is a problem of containers.
	r = audit(t, shared.endpoint, a.keys, well.instance, second)
	if r.Condition != "no_problem_found" || r.Counts.Clean != 2 {
		t.Errorf("%+v", r)
	}
	if all := audit(t, shared.endpoint, a.keys, mine, "--all-regions"); len(all.Regions) < 10 || all.of("instance_without_profile", "") != 1 {
		t.Errorf("%d regions: %+v", len(all.Regions), all.Problems)
	}
}

// TestAuditPermissions takes the permissions away one by one: the audit says which
// is lacking, and its policy is enough to go on.
func TestAuditPermissions(t *testing.T) {
	t.Parallel()
	a := shared.admin
	f := newFleet(t)
	a.setMetadata(t, f.instance, ec2types.InstanceMetadataEndpointStateEnabled, 2)
	user, k := a.newUser(t)
	r := audit(t, shared.endpoint, k, f.instance)
	for step, want := range []string{"ec2:DescribeInstances", "iam:GetInstanceProfile"} {
		if r.Condition != "permission_lacking" || len(r.Problems) != 1 || len(r.Problems[0].Policies) != 1 {
			t.Fatalf("without %s: %+v", want, r)
		}
		document := string(r.Problems[0].Policies[0].Document)
		if !strings.Contains(document, `"`+want+`"`) {
			t.Fatalf("want %s in %s", want, document)
		}
		a.grant(t, user, fmt.Sprintf("step-%d", step), document)
		r = audit(t, shared.endpoint, k, f.instance)
		if step == 1 && r.Condition != "no_problem_found" {
			t.Errorf("%+v", r)
		}
	}
}

// front counts the requests on their way to the emulator, and throttles those
// beyond a rate, as AWS does.
type front struct {
	calls, throttled atomic.Int64
	url              string
	mu               sync.Mutex
	tokens           float64
	last             time.Time
}

func newFront(t *testing.T, endpoint string, perSecond float64, deny string) *front {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{tokens: perSecond, last: time.Now()}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.calls.Add(1)
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		throttled := perSecond > 0 && !f.take(perSecond)
		if throttled {
			f.throttled.Add(1)
		}
		switch {
		case throttled && strings.Contains(r.Header.Get("Authorization"), "/ec2/aws4_request"):
			answer(w, http.StatusServiceUnavailable, `<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors></Response>`)
		case throttled:
			answer(w, http.StatusBadRequest, `<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>`)
		case deny != "" && bytes.Contains(body, []byte("Action="+deny+"&")):
			answer(w, http.StatusForbidden, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized</Message></Error></ErrorResponse>`)
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// take is a token bucket, which is how EC2 throttles.
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/throttling.html
func (f *front) take(perSecond float64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.tokens = min(perSecond, f.tokens+now.Sub(f.last).Seconds()*perSecond)
	f.last = now
	if f.tokens < 1 {
		return false
	}
	f.tokens--
	return true
}

// instances is how many TestAuditLarge has: moto takes seconds for a page of a
// thousand.
var instances = flag.Int("instances", 1000, "instances of the large audit; 10000 for its full form")

// TestAuditLarge audits the instances of three hundred profiles, within a thousand
// calls and 256 MiB, which a process outside of it counts; also where the list of
// profiles is denied and AWS throttles at 20 calls a second.
func TestAuditLarge(t *testing.T) {
	t.Parallel()
	const profiles = 300
	endpoint, stop, err := startMoto(t.Context(), shared.python, strconv.Itoa(*instances), strconv.Itoa(profiles))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for name, c := range map[string]struct {
		rate  float64
		deny  string
		calls int64
	}{
		"with the list":    {0, "", 20},
		"without the list": {20, "ListInstanceProfiles", 1000},
	} {
		t.Run(name, func(t *testing.T) {
			between := newFront(t, endpoint, c.rate, c.deny)
			began := time.Now()
			command := exec.CommandContext(t.Context(), shared.binary, "audit", "--endpoint-url="+between.url, "--output=json")
			command.Env = env(t, keys{id: "AKIAANYBODY", secret: "anything"}, "us-east-1", "AWS_MAX_ATTEMPTS=12")
			out, _ := command.Output()
			took := time.Since(began)
			var r auditReport
			if err := json.Unmarshal(out, &r); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if r.Counts.Instances != *instances || r.of("assume_role_unauthorized", "p9") != (*instances+profiles-10)/profiles || len(r.Problems) != profiles/10+1 {
				t.Errorf("%+v, %d problems, %d of p9", r.Counts, len(r.Problems), r.of("assume_role_unauthorized", "p9"))
			}
			usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage)
			if !ok {
				t.Fatal("no usage")
			}
			calls := between.calls.Load() - between.throttled.Load()
			t.Logf("%d calls and %d throttled, %s, %s of CPU, %d MiB at most", calls, between.throttled.Load(), took.Round(time.Millisecond),
				(command.ProcessState.UserTime() + command.ProcessState.SystemTime()).Round(time.Millisecond), usage.Maxrss>>10)
			if calls > c.calls || usage.Maxrss > 256<<10 {
				t.Errorf("%d calls, %d KiB", calls, usage.Maxrss)
			}
			if c.rate > 0 && between.throttled.Load() == 0 {
				t.Error("nothing was throttled")
			}
		})
	}
}

// TestAuditPrometheus runs what the audit writes through promtool, and the rules on
// it through promtool's rule tests.
func TestAuditPrometheus(t *testing.T) {
	t.Parallel()
	a := shared.admin
	f := newFleet(t)
	a.removeRole(t, f.profile, f.role)
	o := execute(t, env(t, a.keys, "us-east-1"), "audit", f.instance, "--endpoint-url="+shared.endpoint, "--output=prometheus")
	check := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
	check.Stdin = strings.NewReader(o.stdout)
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s\n%s", err, out, o.stdout)
	}
	series := fmt.Sprintf(`iam_doctor_audit_problem_instances{account="123456789012",condition="no_role",severity="critical",instance_profile="%s"} 1`, f.profile)
	if o.code != 2 || !strings.Contains(o.stdout, series+"\n") {
		t.Errorf("%d, no %s in\n%s", o.code, series, o.stdout)
	}
	rules, err := filepath.Abs(filepath.Join("..", "..", "deploy", "prometheus", "iam-doctor.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "unit.yml")
	if err := os.WriteFile(unit, []byte(fmt.Sprintf(ruleTest, rules, strings.TrimSuffix(series, " 1"), f.profile, f.profile)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "promtool", "test", "rules", unit).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// ruleTest has the series of an audit that was made at minute 0 and not again.
const ruleTest = `
rule_files: [%q]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: '%s'
        values: '1+0x600'
      - series: 'iam_doctor_audit_problem_instances{account="1",condition="imdsv1_allowed",severity="warning",instance_profile=""}'
        values: '7+0x600'
      - series: 'iam_doctor_audit_complete{account="1"}'
        values: '0+0x600'
      - series: 'iam_doctor_audit_complete{account="2"}'
        values: '1+0x600'
      - series: 'iam_doctor_audit_timestamp_seconds{account="1",instance="here"}'
        values: '0+0x600'
    alert_rule_test:
      - alertname: IAMDoctorCritical
        eval_time: 1m
        exp_alerts:
          - exp_labels: {severity: critical, account: "123456789012", condition: no_role, instance_profile: %q}
            exp_annotations:
              summary: "1 instances of account 123456789012, profile %s: no_role"
              description: "The AWS API shows no_role. The credentials that programs on these instances hold remain valid until they expire."
              remedy: "See the instances and what to do: iam-doctor audit"
      - {alertname: IAMDoctorWarning, eval_time: 59m, exp_alerts: []}
      - alertname: IAMDoctorWarning
        eval_time: 61m
        exp_alerts:
          - exp_labels: {severity: warning, account: "1", condition: imdsv1_allowed}
            exp_annotations:
              summary: "7 instances of account 1: imdsv1_allowed"
              remedy: "See the instances and what to do: iam-doctor audit"
      - {alertname: IAMDoctorIncomplete, eval_time: 119m, exp_alerts: []}
      - alertname: IAMDoctorIncomplete
        eval_time: 121m
        exp_alerts:
          - exp_labels: {severity: warning, account: "1"}
            exp_annotations:
              summary: "The audit of account 1 is incomplete: a permission is missing, or a region does not answer"
              remedy: "See what is missing: iam-doctor audit"
      - {alertname: IAMDoctorStale, eval_time: 360m, exp_alerts: []}
      - alertname: IAMDoctorStale
        eval_time: 361m
        exp_alerts:
          - exp_labels: {severity: warning, account: "1", instance: here}
            exp_annotations:
              summary: "The last audit of account 1 is 6h 1m 0s old"
              remedy: "See why the audit does not run on here: systemctl list-timers; journalctl -u iam-doctor-audit"
`
