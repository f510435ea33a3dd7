package doctor_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// agentView is what a test's agent says of the instance.
type agentView struct {
	condition, role, profile string
	checkedAt                time.Time
}

// agent serves the status document of an agent, with the fields that the real
// one has and the doctor does not read.
func agent(t *testing.T, v agentView) string {
	t.Helper()
	if v.checkedAt.IsZero() {
		v.checkedAt = time.Now()
	}
	vantage := map[string]any{
		"vantage": "host", "condition": v.condition, "severity": "critical", "since": v.checkedAt,
		"role": v.role, "instance_profile_arn": "", "instance_profile_id": "", "code": "Success", "message": "",
		"credentials": map[string]any{"expiration": v.checkedAt, "seconds_left": 1, "access_key_hash": "00"},
		"probes":      []any{},
	}
	if v.profile != "" {
		vantage["instance_profile_arn"] = "arn:aws:iam::123456789012:instance-profile/" + v.profile
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/status" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"condition": v.condition, "severity": "critical", "title": "", "summary": "", "remedy": []string{},
			"doc": "", "checked_at": v.checkedAt, "vantages": []any{vantage}, "transitions": []any{},
		})
	}))
	t.Cleanup(server.Close)
	return "--from=" + server.URL
}

func TestJoinHealthy(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	r := diagnose(t, shared.admin.keys, "instance", f.instance, agent(t, agentView{condition: "healthy", role: f.role, profile: f.profile}))
	expect(t, r, "healthy", "ok")
	expectStep(t, r, "role_seen", "pass", "ok")
	expectStep(t, r, "agent", "pass", "ok")
}

// TestJoinWrongRole is the page's "wrong role": the role in the profile was
// replaced, and the instance still has the former one's keys.
func TestJoinWrongRole(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	successor := nameFor(t, "successor")
	shared.admin.newRole(t, successor, trusting(ec2Service))
	shared.admin.removeRole(t, f.profile, f.role)
	shared.admin.addRole(t, f.profile, successor)
	for _, condition := range []string{"healthy", "wrong_role"} {
		r := diagnose(t, shared.admin.keys, "instance", f.instance, agent(t, agentView{condition: condition, role: f.role, profile: f.profile}))
		expect(t, r, "profile_changed", "warning")
		expectStep(t, r, "role_seen", "fail", "role_replaced")
		expectRemedy(t, r, "Wait for the next automatically scheduled refresh")
	}
	r := diagnose(t, shared.admin.keys, "instance", f.instance, agent(t, agentView{condition: "healthy", role: successor, profile: f.profile}))
	expect(t, r, "healthy", "ok")
}

func TestJoinProfileReplaced(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	r := diagnose(t, shared.admin.keys, "instance", f.instance, agent(t, agentView{condition: "healthy", role: "former", profile: "former"}))
	expect(t, r, "profile_changed", "warning")
	expectStep(t, r, "role_seen", "fail", "profile_replaced")
}

// TestJoinConfirms: what the agent suspects, the API shows; and what nothing on
// AWS's side explains is the instance's own.
func TestJoinConfirms(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	shared.admin.setTrust(t, f.role, trusting("lambda.amazonaws.com"))
	r := diagnose(t, shared.admin.keys, "instance", f.instance, agent(t, agentView{condition: "assume_role_unauthorized", role: f.role, profile: f.profile}))
	expect(t, r, "assume_role_unauthorized", "critical")
	expectStep(t, r, "agent", "fail", "agent_agrees")

	// The agent has live keys still: the API knows hours earlier.
	r = diagnose(t, shared.admin.keys, "instance", f.instance, agent(t, agentView{condition: "healthy", role: f.role, profile: f.profile}))
	expect(t, r, "assume_role_unauthorized", "critical")
	expectStep(t, r, "agent", "pass", "agent_differs")

	// Mended, but not renewed yet.
	shared.admin.setTrust(t, f.role, trusting(ec2Service))
	r = diagnose(t, shared.admin.keys, "instance", f.instance, agent(t, agentView{condition: "assume_role_unauthorized", role: f.role, profile: f.profile}))
	expect(t, r, "awaiting_refresh", "warning")

	// AWS's side is well; the host's firewall is not.
	r = diagnose(t, shared.admin.keys, "instance", f.instance, agent(t, agentView{condition: "firewall_blocked"}))
	expect(t, r, "firewall_blocked", "critical")
}

// TestJoinDepends: the instance tells how a condition of the trust policy ends.
func TestJoinDepends(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	shared.admin.setTrust(t, f.role, `{"Version":"2012-10-17","Statement":{"Effect":"Allow",
		"Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole",
		"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}}`)
	r := diagnose(t, shared.admin.keys, "instance", f.instance, agent(t, agentView{condition: "assume_role_unauthorized", role: f.role, profile: f.profile}))
	expect(t, r, "assume_role_unauthorized", "critical")
}

func TestJoinAgentUnusable(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	r := diagnose(t, shared.admin.keys, "instance", f.instance, "--from=http://127.0.0.1:1")
	expect(t, r, "agent_unusable", "unknown")
	r = diagnose(t, shared.admin.keys, "instance", f.instance, agent(t, agentView{condition: "healthy", checkedAt: time.Now().Add(-time.Hour)}))
	expect(t, r, "agent_unusable", "unknown")
	if s := r.step(t, "agent"); !strings.Contains(s.Answer, "1h0m0s old") {
		t.Errorf("answer %q", s.Answer)
	}
}

// metadataService is IMDS on loopback, as the instance's own SDK sees it.
func metadataService(t *testing.T, f fleet, role string) string {
	t.Helper()
	documents := map[string]string{
		"/latest/meta-data/instance-id":               f.instance,
		"/latest/meta-data/placement/region":          "us-east-1",
		"/latest/meta-data/iam/security-credentials/": role,
		"/latest/meta-data/iam/info": `{"Code":"Success","LastUpdated":"2026-01-02T03:04:05Z",
			"InstanceProfileArn":"arn:aws:iam::123456789012:instance-profile/` + f.profile + `"}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "EC2ws")
		const ttl = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds"
		if r.Method == http.MethodPut && r.URL.Path == "/latest/api/token" {
			w.Header().Set(ttl, r.Header.Get(ttl))
			_, _ = w.Write([]byte("token"))
			return
		}
		body, known := documents[r.URL.Path]
		if !known || r.Header.Get("X-Aws-Ec2-Metadata-Token") != "token" {
			t.Errorf("asked IMDS for %s", r.URL.Path)
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestSelf runs on an instance: its id, region, profile and role come from IMDS,
// and the role's keys are never asked for.
func TestSelf(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	for role, condition := range map[string]string{f.role: "no_fault_found", "former": "profile_changed"} {
		environment := env(t, shared.admin.keys, "eu-west-1", "AWS_EC2_METADATA_SERVICE_ENDPOINT="+metadataService(t, f, role), "AWS_EC2_METADATA_DISABLED=false")
		o := execute(t, environment, "instance", "--self", "--endpoint-url="+shared.endpoint, "--output=json")
		var r report
		if err := json.Unmarshal([]byte(o.stdout), &r); err != nil {
			t.Fatalf("%v: %+v", err, o)
		}
		if r.Target != f.instance || r.Condition != condition {
			t.Errorf("%s of %s, want %s of %s", r.Condition, r.Target, condition, f.instance)
		}
	}
}

func TestSelfNowhere(t *testing.T) {
	t.Parallel()
	environment := env(t, shared.admin.keys, "us-east-1", "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1", "AWS_EC2_METADATA_DISABLED=false")
	o := execute(t, environment, "instance", "--self", "--endpoint-url="+shared.endpoint)
	oneLine(t, o, "imds_no_answer: IMDS on this machine gives no usable answer")
	if !strings.Contains(o.stdout, "'imds-probe check'") {
		t.Errorf("no way on: %s", o.stdout)
	}
	o = execute(t, environment, "instance", "--self", "--endpoint-url="+shared.endpoint, "--output=json")
	var r report
	if err := json.Unmarshal([]byte(o.stdout), &r); err != nil || r.Condition != "imds_no_answer" || o.code != 3 {
		t.Errorf("%v: %+v", err, o)
	}
}
