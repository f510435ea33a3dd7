package doctor_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/doctor"
	"github.com/imds-probe/imds-probe/probes"
)

// machine is an instance of the account, as DescribeInstances shows it.
type machine struct {
	id, profile, profileID, tokens, endpoint, state string
	hops                                            int
}

func (m machine) xml() string {
	profile := ""
	if m.profile != "" {
		id := m.profileID
		if id == "" {
			id = "AIPAEXAMPLEEXAMPLE000"
		}
		profile = "<iamInstanceProfile><arn>" + strings.Replace(profileARN, "/app", "/"+m.profile, 1) + "</arn><id>" + id + "</id></iamInstanceProfile>"
	}
	value := func(given, usual string) string {
		if given == "" {
			return usual
		}
		return given
	}
	return fmt.Sprintf("<item><instanceId>%s</instanceId><privateIpAddress>10.0.0.1</privateIpAddress><instanceState><name>%s</name></instanceState>%s"+
		"<metadataOptions><httpTokens>%s</httpTokens><httpPutResponseHopLimit>%d</httpPutResponseHopLimit><httpEndpoint>%s</httpEndpoint></metadataOptions></item>",
		m.id, value(m.state, "running"), profile, value(m.tokens, "required"), max(m.hops, 1), value(m.endpoint, "enabled"))
}

func describing(token string, machines ...machine) string {
	var items strings.Builder
	for _, m := range machines {
		items.WriteString(m.xml())
	}
	next := ""
	if token != "" {
		next = "<nextToken>" + token + "</nextToken>"
	}
	return "<DescribeInstancesResponse><reservationSet><item><instancesSet>" + items.String() + "</instancesSet></item></reservationSet>" + next + "</DescribeInstancesResponse>"
}

func listing(profiles ...string) string {
	return result("ListInstanceProfiles", "<InstanceProfiles>"+strings.Join(profiles, "")+"</InstanceProfiles><IsTruncated>false</IsTruncated>")
}

func member(name, role string) string { return "<member>" + profileXML(name, role) + "</member>" }

func id(n int) string { return fmt.Sprintf("i-%017x", n) }

// troubled is an account with each problem once, and neighbours without.
func troubled() *fakeAWS {
	return with(
		"DescribeInstances", describing("",
			machine{id: id(1), profile: "app"}, machine{id: id(2), profile: "app"},
			machine{id: id(3), profile: "gone"}, machine{id: id(4), profile: "app", profileID: "AIPAFORMERFORMER0000"},
			machine{id: id(5), profile: "empty"}, machine{id: id(6), profile: "lambda"}, machine{id: id(7)},
			machine{id: id(8), profile: "app", tokens: "optional"}, machine{id: id(9), profile: "app", endpoint: "disabled", tokens: "optional"},
			machine{id: id(10), profile: "app", hops: 2}, machine{id: id(11), profile: "depends"}, machine{id: id(12), profile: "gone"},
		),
		"ListInstanceProfiles", listing(
			member("app", roleXML("app", policy(allowEC2))), member("empty", ""),
			member("lambda", roleXML("lambda", policy(statement("Allow", `"Principal":{"Service":"lambda.amazonaws.com"}`, assume)))),
			member("depends", roleXML("depends", policy(statement("Allow", `"Principal":{"Service":"ec2.amazonaws.com"}`, assume+`,"Condition":{"StringEquals":{"aws:SourceAccount":"1"}}`)))),
		),
	)
}

// found is what a problem says, in short.
func found(r doctor.AuditReport) (all []string) {
	for _, p := range r.Problems {
		var ids []string
		for _, i := range p.Instances {
			ids = append(ids, strings.TrimLeft(strings.TrimPrefix(i.ID, "i-"), "0"))
		}
		all = append(all, fmt.Sprintf("%s %s %s %s: %s", p.Severity, p.Condition, p.Reason, p.Profile, strings.Join(ids, " ")))
	}
	return all
}

// TestAudit: one problem a line with its instances, the most severe first.
func TestAudit(t *testing.T) {
	f := troubled()
	r := doctor.NewAuditor(f.config()).Audit(t.Context(), doctor.AuditRequest{})
	want := []string{
		"critical instance_profile_not_found profile_not_found gone: 3 c",
		"critical instance_profile_not_found profile_recreated app: 4",
		"critical no_role profile_without_role empty: 5",
		"critical assume_role_unauthorized trust_allows_nobody lambda: 6",
		"critical imds_disabled endpoint_disabled : 9",
		"warning trust_depends trust_depends depends: b",
		"warning instance_without_profile no_association : 7",
		"warning imdsv1_allowed tokens_optional : 8",
	}
	if diff := cmp.Diff(want, found(r)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if r.Condition != "instance_profile_not_found" || r.ExitCode() != 2 || r.Account != account {
		t.Errorf("%s %d %s", r.Condition, r.ExitCode(), r.Account)
	}
	if diff := cmp.Diff(doctor.AuditCounts{Instances: 12, Clean: 3}, r.Counts); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(f.sent) != 3 {
		t.Errorf("%d requests, want one each for the caller, the instances and the profiles", len(f.sent))
	}
	changesNothing(t, f)
	r.CheckedAt = noon
	var text, prometheus strings.Builder
	if err := r.WriteText(&text, false); err != nil {
		t.Fatal(err)
	}
	golden(t, "audit.txt", text.String())
	if err := r.WritePrometheus(&prometheus); err != nil {
		t.Fatal(err)
	}
	golden(t, "audit.prom", prometheus.String())
}

// TestAuditContainers: a hop limit of 1 is a problem only where containers need IMDS.
func TestAuditContainers(t *testing.T) {
	r := doctor.NewAuditor(troubled().config()).Audit(t.Context(), doctor.AuditRequest{Containers: true})
	want := "critical hop_limit_too_low hop_limit_one : 1 2 3 4 5 6 7 8 b c"
	if !slices.Contains(found(r), want) {
		t.Errorf("no %q in %q", want, found(r))
	}
}

// TestAuditProfiles is the summary by profile.
func TestAuditProfiles(t *testing.T) {
	r := doctor.NewAuditor(troubled().config()).Audit(t.Context(), doctor.AuditRequest{})
	want := []doctor.ProfileSummary{
		{Account: account, Profile: "app", Role: "app", Instances: 6, WithProblems: 3, Condition: "instance_profile_not_found"},
		{Account: account, Profile: "gone", Instances: 2, WithProblems: 2, Condition: "instance_profile_not_found"},
		{Account: account, Profile: "depends", Role: "depends", Instances: 1, WithProblems: 1, Condition: "trust_depends"},
		{Account: account, Profile: "empty", Instances: 1, WithProblems: 1, Condition: "no_role"},
		{Account: account, Profile: "lambda", Role: "lambda", Instances: 1, WithProblems: 1, Condition: "assume_role_unauthorized"},
	}
	if diff := cmp.Diff(want, r.Profiles); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestAuditProfileWorst: a profile has its worst condition, whichever comes first.
func TestAuditProfileWorst(t *testing.T) {
	warned, broken := machine{id: id(1), profile: "app", tokens: "optional"}, machine{id: id(2), profile: "app", endpoint: "disabled"}
	for _, machines := range [][]machine{{warned, broken}, {broken, warned}} {
		f := with("DescribeInstances", describing("", machines...), "ListInstanceProfiles", listing(member("app", roleXML("app", policy(allowEC2)))))
		r := doctor.NewAuditor(f.config()).Audit(t.Context(), doctor.AuditRequest{})
		if r.Profiles[0].Condition != "imds_disabled" || r.Profiles[0].WithProblems != 2 {
			t.Errorf("%+v", r.Profiles)
		}
	}
}

// TestAuditRegionSilent: of a region that does not answer it is not known whether the
// instance is there, so it is not said to be missing.
func TestAuditRegionSilent(t *testing.T) {
	f := with("DescribeInstances", ec2Error("RequestLimitExceeded", "slow"))
	r := doctor.NewAuditor(f.config()).Audit(t.Context(), doctor.AuditRequest{IDs: []string{id(1)}})
	if diff := cmp.Diff([]string{"unknown api_throttled throttled : "}, found(r)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestAuditLacking takes permissions away: what depends on them is named, and the
// rest is still found.
func TestAuditLacking(t *testing.T) {
	no := iamError("AccessDenied", "User: "+userARN+" is not authorized to perform: iam:ListInstanceProfiles because no identity-based policy allows the iam:ListInstanceProfiles action")
	for name, c := range map[string]struct {
		world []string
		want  []string
	}{
		"instances": {
			[]string{"DescribeInstances", ec2Error("UnauthorizedOperation", "You are not authorized to perform this operation.")},
			[]string{"unknown permission_lacking permission_lacking : "},
		},
		"the list, so each is asked for": {
			[]string{"DescribeInstances", describing("", machine{id: id(1), profile: "app"}, machine{id: id(2), profile: "app", tokens: "optional"}), "ListInstanceProfiles", no},
			[]string{"warning imdsv1_allowed tokens_optional : 2"},
		},
		"profiles": {
			[]string{
				"DescribeInstances", describing("", machine{id: id(1), profile: "app"}, machine{id: id(2), tokens: "optional"}), "ListInstanceProfiles", no,
				"GetInstanceProfile", iamError("AccessDenied", "no"),
			},
			[]string{
				"warning instance_without_profile no_association : 2", "warning imdsv1_allowed tokens_optional : 2",
				"unknown permission_lacking permission_lacking : 1",
			},
		},
		"roles": {
			[]string{
				"DescribeInstances", describing("", machine{id: id(1), profile: "app"}),
				"ListInstanceProfiles", listing(member("app", roleXML("app", ""))), "GetRole", iamError("AccessDenied", "no"),
			},
			[]string{"unknown permission_lacking permission_lacking : 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := with(c.world...)
			r := doctor.NewAuditor(f.config()).Audit(t.Context(), doctor.AuditRequest{})
			if diff := cmp.Diff(c.want, found(r)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			var prometheus strings.Builder
			if err := r.WritePrometheus(&prometheus); err != nil {
				t.Fatal(err)
			}
			lacking := strings.Contains(strings.Join(c.want, ""), "permission_lacking")
			if strings.Contains(prometheus.String(), `iam_doctor_audit_complete{account="123456789012"} 0`) != lacking {
				t.Errorf("complete:\n%s", prometheus.String())
			}
			for _, p := range r.Problems {
				if p.Condition == doctor.ConditionLacking && (len(p.Policies) != 1 || strings.Contains(p.Summary, "The caller lacks")) {
					t.Errorf("%+v", p)
				}
			}
		})
	}
}

// TestAuditAgents: agents tell what the API cannot, and only where they answer.
func TestAuditAgents(t *testing.T) {
	created := strings.Replace(roleXML("app", policy(allowEC2)), "<Path>", "<CreateDate>2026-01-02T11:00:00Z</CreateDate><Path>", 1)
	f := with("DescribeInstances", describing("", machine{id: id(1), profile: "app"}, machine{id: id(2), profile: "app"}, machine{id: id(3), profile: "app"}, machine{id: id(4), profile: "app"}),
		"ListInstanceProfiles", listing(member("app", created)))
	issued := map[string]time.Time{id(1): noon.Add(-2 * time.Hour), id(2): noon}
	var asked atomic.Int64
	r := doctor.NewAuditor(f.config()).Audit(t.Context(), doctor.AuditRequest{AskAgent: func(_ context.Context, address string) doctor.Answer[doctor.AgentStatus] {
		asked.Add(1)
		if address != "10.0.0.1" {
			t.Errorf("asked %s", address)
		}
		return doctor.Answer[doctor.AgentStatus]{}
	}})
	if asked.Load() != 4 || r.Counts.AgentsAsked != 4 || r.Counts.AgentsAnswered != 0 || r.Condition != doctor.ConditionAuditClean {
		t.Errorf("%d asked: %+v", asked.Load(), r.Counts)
	}
	facts := doctor.AuditFacts{Caller: doctor.Answer[doctor.Caller]{Asked: "sts", Value: doctor.Caller{ARN: userARN, Account: account, Partition: "aws"}}}
	facts.Agents = map[string]doctor.Answer[doctor.AgentStatus]{}
	facts.Profiles = map[string]doctor.Answer[doctor.Profile]{"app": {Asked: "iam", Value: doctor.Profile{
		Name: "app", ARN: profileARN, ID: "AIPA", Roles: []doctor.Role{{Name: "app", ARN: appRoleARN, Trust: policy(allowEC2), Created: noon.Add(-time.Hour)}},
	}}}
	var instances []doctor.Instance
	for n := 1; n <= 3; n++ {
		instances = append(instances, doctor.Instance{ID: id(n), State: "running", ProfileARN: profileARN, ProfileID: "AIPA", HTTPEndpoint: "enabled", HTTPTokens: "required", HopLimit: 2})
		agent := seenBy(probes.ConditionHealthy, "app", profileARN, "")
		if at := issued[id(n)]; !at.IsZero() {
			agent.Value.Vantages[0].Credentials = &doctor.AgentCredentials{LastUpdated: &at}
		} else {
			agent = seenBy(probes.ConditionFirewallBlocked, "", "", "")
		}
		facts.Agents[id(n)] = agent
	}
	facts.Regions = []doctor.RegionFacts{{Region: "eu-central-1", Instances: doctor.Answer[[]doctor.Instance]{Asked: "ec2", Value: instances}}}
	want := []string{"critical role_recreated role_recreated app: 1", "critical firewall_blocked agent_differs app: 3"}
	if diff := cmp.Diff(want, found(doctor.JudgeAudit(facts))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestAuditIDs: an instance that is not there does not hide the others.
func TestAuditIDs(t *testing.T) {
	f := with("DescribeInstances", describing("", machine{id: id(1), profile: "app"}, machine{id: id(2), profile: "app", state: "stopped"}),
		"ListInstanceProfiles", listing(member("app", roleXML("app", policy(allowEC2)))))
	r := doctor.NewAuditor(f.config()).Audit(t.Context(), doctor.AuditRequest{IDs: []string{id(1), id(2), id(3)}, Filters: map[string][]string{"tag:team": {"web"}}})
	if diff := cmp.Diff([]string{"unknown instance_not_found instance_not_found : 3"}, found(r)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if r.Counts.NotRunning != 1 || r.Counts.Instances != 1 {
		t.Errorf("%+v", r.Counts)
	}
	form := f.sent[1]
	if form.Get("Filter.1.Name") != "instance-id" || form.Get("Filter.2.Name") != "tag:team" || form.Get("Filter.2.Value.1") != "web" {
		t.Errorf("asked with %v", form)
	}
}

func TestAuditNobody(t *testing.T) {
	r := doctor.NewAuditor(with("GetCallerIdentity", iamError("ExpiredToken", "expired")).config()).Audit(t.Context(), doctor.AuditRequest{})
	var text strings.Builder
	if err := r.WriteText(&text, false); err != nil {
		t.Fatal(err)
	}
	if r.Condition != doctor.ConditionExpired || r.ExitCode() != 3 || strings.Count(text.String(), "\n") != 1 {
		t.Errorf("%d %s", r.ExitCode(), text.String())
	}
}

func TestAuditClean(t *testing.T) {
	f := with("DescribeInstances", describing("", machine{id: id(1), profile: "app"}), "ListInstanceProfiles", listing(member("app", roleXML("app", policy(allowEC2)))))
	progress := []doctor.AuditProgress{}
	r := doctor.NewAuditor(f.config()).Audit(t.Context(), doctor.AuditRequest{
		Regions:  []string{"eu-central-1"},
		Progress: func(p doctor.AuditProgress) { progress = append(progress, p) },
	})
	if r.Condition != doctor.ConditionAuditClean || r.ExitCode() != 0 || r.Summary != "No problem found on 1 instance in eu-central-1." {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff([]doctor.AuditProgress{{Instances: 1, Regions: 1}, {Instances: 1, Regions: 1, RegionsDone: 1}}, progress); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestAuditPages: a region's instances come in pages.
func TestAuditPages(t *testing.T) {
	f := with("DescribeInstances", describing("two", machine{id: id(1), profile: "app"}), "DescribeInstances two", describing("", machine{id: id(2)}),
		"ListInstanceProfiles", listing(member("app", roleXML("app", policy(allowEC2)))))
	r := doctor.NewAuditor(f.config()).Audit(t.Context(), doctor.AuditRequest{})
	if diff := cmp.Diff([]string{"warning instance_without_profile no_association : 2"}, found(r)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if f.sent[1].Get("MaxResults") != "1000" || f.sent[3].Get("MaxItems") != "1000" {
		t.Errorf("asked with %v, %v", f.sent[1], f.sent[3])
	}
}

func TestAuditRegions(t *testing.T) {
	f := with("DescribeRegions", "<DescribeRegionsResponse><regionInfo><item><regionName>eu-west-1</regionName></item><item><regionName>eu-central-1</regionName></item><item><regionName>;reboot</regionName></item></regionInfo></DescribeRegionsResponse>",
		"DescribeInstances", describing(""))
	r := doctor.NewAuditor(f.config()).Audit(t.Context(), doctor.AuditRequest{AllRegions: true})
	if diff := cmp.Diff([]string{"eu-central-1", "eu-west-1"}, r.Regions); diff != "" || r.ExitCode() != 0 {
		t.Errorf("%d, -want +got:\n%s", r.ExitCode(), diff)
	}
	r = doctor.NewAuditor(with("DescribeRegions", ec2Error("UnauthorizedOperation", "no")).config()).Audit(t.Context(), doctor.AuditRequest{AllRegions: true})
	if r.Condition != doctor.ConditionLacking || r.ExitCode() != 3 {
		t.Errorf("%+v", r)
	}
}

func TestParseFilter(t *testing.T) {
	for given, want := range map[string]string{
		"Name=tag:team,Values=web":       "tag:team [web]",
		"Name=vpc-id,Values=vpc-1,vpc-2": "vpc-id [vpc-1 vpc-2]",
		"Name=tag:a,b,Values=c":          "tag:a,b [c]",
		"tag:team=web":                   "", "Name=,Values=x": "", "Name=x,Values=": "", "Name=x": "", "Name=x,Values=\x1b": "",
	} {
		name, values, err := doctor.ParseFilter(given)
		if got := fmt.Sprintf("%s %v", name, values); (err == nil) != (want != "") || (err == nil && got != want) {
			t.Errorf("%s: %s, %v", given, got, err)
		}
	}
}
