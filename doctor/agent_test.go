package doctor_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/doctor"
	"github.com/imds-probe/imds-probe/probes"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// status is an agent's document with these fields in its one vantage.
func status(vantage string) string {
	return fmt.Sprintf(`{"condition":"healthy","checked_at":"2026-01-02T11:59:30Z","more":{"unknown":1},
		"vantages":[{"vantage":"host","condition":"healthy"%s}]}`, vantage)
}

// TestAskAgent: what answers at --from is not trusted.
func TestAskAgent(t *testing.T) {
	for _, c := range []struct {
		name, body, refused string
		code                int
	}{
		{name: "usable", body: status(`,"role":"app","instance_profile_arn":"` + profileARN + `","instance_profile_id":"AIPAEXAMPLEEXAMPLE000"`)},
		{name: "without a profile", body: status("")},
		{name: "not found", code: 404, refused: "status 404"},
		{name: "redirect", code: 302, refused: "status 302"},
		{name: "not JSON", body: "<html>", refused: "not a status document"},
		{name: "empty", refused: "not a status document"},
		{name: "another shape", body: `{"vantages":7}`, refused: "not a status document"},
		{name: "unknown condition", body: strings.Replace(status(""), "healthy", "splendid", 1), refused: "not a status document"},
		{name: "no time", body: `{"condition":"healthy"}`, refused: "no checked_at"},
		{name: "old", body: strings.Replace(status(""), "T11", "T10", 1), refused: "1h1m0s old"},
		{name: "from the future", body: strings.Replace(status(""), "T11", "T13", 1), refused: "in the future"},
		{name: "no vantage", body: `{"condition":"healthy","checked_at":"2026-01-02T12:00:00Z","vantages":[]}`, refused: "no vantage"},
		{name: "many vantages", body: `{"condition":"healthy","checked_at":"2026-01-02T12:00:00Z","vantages":[` + strings.Repeat("{},", 300) + `{}]}`, refused: "too many vantages"},
		{name: "vantage steers the terminal", body: strings.Replace(status(""), `"host"`, `"\u001b[2J"`, 1), refused: "malformed vantage"},
		{name: "role is a command", body: status(`,"role":"app;reboot"`), refused: "malformed role"},
		{name: "ARN of something else", body: status(`,"instance_profile_arn":"arn:aws:s3:::bucket"`), refused: "malformed instance_profile_arn"},
		{name: "id of something else", body: status(`,"instance_profile_id":"x"`), refused: "malformed instance_profile_id"},
		{name: "too large", body: status("") + strings.Repeat(" ", 1<<20), refused: "more than 1048576 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/api/v1/status" {
					t.Errorf("asked for %s", r.URL.Path)
				}
				if c.code != 0 {
					w.Header().Set("Location", "/elsewhere")
					w.WriteHeader(c.code)
				}
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			a := doctor.AskAgent(t.Context(), server.Client(), server.URL, noon)
			if c.refused == "" {
				if a.Failure != nil {
					t.Error(a.Failure)
				}
				return
			}
			if a.Failure == nil || !strings.Contains(a.Failure.Message, c.refused) {
				t.Errorf("got %+v, want %q", a.Failure, c.refused)
			}
		})
	}
}

// seenBy is an agent's answer.
func seenBy(c probes.Condition, role, profile, id string) doctor.Answer[doctor.AgentStatus] {
	return doctor.Answer[doctor.AgentStatus]{Asked: "GET /api/v1/status", Value: doctor.AgentStatus{
		Condition: c, CheckedAt: noon,
		Vantages: []doctor.AgentVantage{{Vantage: "host", Condition: c, Role: role, InstanceProfileARN: profile, InstanceProfileID: id}},
	}}
}

// TestJoin: both halves make one verdict, whatever the agent says.
func TestJoin(t *testing.T) {
	broken := []string{"GetRole", result("GetRole", "<Role>"+roleXML("app", policy())+"</Role>")}
	blind := []string{"GetInstanceProfile", iamError("AccessDenied", "no")}
	off := []string{"DescribeInstances", strings.Replace(describedInstance, "<httpEndpoint>enabled", "<httpEndpoint>disabled", 1)}
	detached := []string{"DescribeInstances", describedInstance[:strings.Index(describedInstance, "<iamInstanceProfile>")] +
		describedInstance[strings.Index(describedInstance, "<metadataOptions>"):]}
	empty := []string{"GetInstanceProfile", gotProfile("")}
	for _, c := range []struct {
		name  string
		world []string
		agent doctor.Answer[doctor.AgentStatus]
		want  doctor.Condition
	}{
		{"both well", nil, seenBy(probes.ConditionHealthy, "app", profileARN, ""), "healthy"},
		{"no verdict yet", nil, seenBy(probes.ConditionUnknown, "", "", ""), doctor.ConditionNoFault},
		{"API first", broken, seenBy(probes.ConditionHealthy, "app", profileARN, ""), "assume_role_unauthorized"},
		{"API before the agent's own", broken, seenBy(probes.ConditionFirewallBlocked, "", "", ""), "assume_role_unauthorized"},
		{"firewall", nil, seenBy(probes.ConditionFirewallBlocked, "", "", ""), "firewall_blocked"},
		{"hop limit", nil, seenBy(probes.ConditionHopLimitTooLow, "", "", ""), "hop_limit_too_low"},
		{"clock", nil, seenBy(probes.ConditionClockSkewed, "app", profileARN, ""), "clock_skewed"},
		{"stalled", nil, seenBy(probes.ConditionRotationStalled, "app", profileARN, ""), "rotation_stalled"},
		{"stalled for a reason", broken, seenBy(probes.ConditionRotationStalled, "app", profileARN, ""), "assume_role_unauthorized"},
		{"disabled", off, seenBy(probes.ConditionIMDSDisabled, "", "", ""), "imds_disabled"},
		{"disabled, says the agent alone", nil, seenBy(probes.ConditionIMDSDisabled, "", "", ""), doctor.ConditionEndpointDiffers},
		{"disabled, and the agent gets answers", off, seenBy(probes.ConditionHealthy, "app", profileARN, ""), doctor.ConditionEndpointDiffers},
		{"disabled, and a firewall", off, seenBy(probes.ConditionFirewallBlocked, "", "", ""), "imds_disabled"},
		{"detached", detached, seenBy(probes.ConditionNoInstanceProfile, "", "", ""), "no_instance_profile"},
		{"empty since boot", empty, seenBy(probes.ConditionNoInstanceProfile, "", "", ""), "no_role"},
		{"attached since", nil, seenBy(probes.ConditionNoInstanceProfile, "", "", ""), "awaiting_refresh"},
		{"role added since", nil, seenBy(probes.ConditionNoRole, "", profileARN, ""), "awaiting_refresh"},
		{"profile re-associated since", nil, seenBy(probes.ConditionInstanceProfileNotFound, "", "", ""), "awaiting_refresh"},
		{"expired is not fixed", nil, seenBy(probes.ConditionCredentialsExpired, "app", profileARN, ""), "credentials_expired"},
		{"role replaced", nil, seenBy(probes.ConditionHealthy, "former", profileARN, ""), "profile_changed"},
		{"role replaced, expected the new one", nil, seenBy(probes.ConditionWrongRole, "former", profileARN, ""), "profile_changed"},
		{"wrong role, and it is the profile's", nil, seenBy(probes.ConditionWrongRole, "app", profileARN, ""), "wrong_role"},
		{"former id", nil, seenBy(probes.ConditionHealthy, "app", profileARN, "AIPAFORMERFORMER0000"), "profile_changed"},
		{"agent of another account", nil, seenBy(probes.ConditionFirewallBlocked, "app", strings.Replace(profileARN, account, "999999999999", 1), ""), doctor.ConditionAgentElsewhere},
		{"blind, agent well", blind, seenBy(probes.ConditionHealthy, "app", profileARN, ""), doctor.ConditionLacking},
		{"blind, agent sees it", blind, seenBy(probes.ConditionNoRole, "", profileARN, ""), "no_role"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := with(c.world...).doctor().Instance(t.Context(), doctor.InstanceRequest{ID: instanceID, Agent: c.agent})
			if r.Condition != c.want {
				t.Errorf("%s, want %s: %s\n%+v", r.Condition, c.want, r.Summary, r.Steps)
			}
			expect(t, r, r.Condition, r.Severity)
		})
	}
}

// TestJoinAnything: every condition of the agent joins to a verdict with words.
func TestJoinAnything(t *testing.T) {
	for _, c := range probes.Conditions() {
		r := with().doctor().Instance(t.Context(), doctor.InstanceRequest{ID: instanceID, Agent: seenBy(c, "", "", "")})
		if r.Summary == "" || r.Title == "" || (r.Severity != probes.SeverityOK && len(r.Remedy) == 0) {
			t.Errorf("%s: %+v", c, r)
		}
	}
}
