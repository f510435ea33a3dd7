package doctor_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/doctor"
	"github.com/imds-probe/imds-probe/probes"
)

// situation is one that a report is written of.
type situation struct {
	name  string
	world []string
	ask   func(t *testing.T, d *doctor.Doctor) doctor.Report
}

// short writes all that a report decides, without layout.
func short(r doctor.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %s\n", r.Severity, r.Condition, r.Summary)
	for _, s := range r.Steps {
		fmt.Fprintf(&b, "  %s %s %s: %s", s.Status, s.Name, s.Reason, s.Answer)
		if s.Asked != "" {
			fmt.Fprintf(&b, " [%s]", s.Asked)
		}
		if s.Lacks != "" {
			fmt.Fprintf(&b, " lacks %s", s.Lacks)
		}
		for _, key := range slices.Sorted(maps.Keys(s.Evidence)) {
			fmt.Fprintf(&b, " %s=%s", key, s.Evidence[key])
		}
		b.WriteByte('\n')
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "  found %s %s at %s: %s\n", f.Severity, f.Condition, f.Step, f.Summary)
	}
	for _, s := range r.Remedy {
		fmt.Fprintf(&b, "  do %s | %s\n", s.Text, s.Command)
	}
	for _, p := range r.Policies {
		fmt.Fprintf(&b, "  %s %s\n", p.File, p.Document)
	}
	return b.String()
}

// TestReports holds whole reports: verdict, steps, evidence, remedy and policies of
// every situation. testdata/reports-*.txt is to be read like code when it changes.
func TestReports(t *testing.T) {
	for topic, all := range map[string][]situation{
		"instance": instanceSituations(), "role": roleSituations(), "add-role": addRoleSituations(), "launch": launchSituations(),
	} {
		t.Run(topic, func(t *testing.T) {
			var b strings.Builder
			for _, s := range all {
				f := with(s.world...)
				r := s.ask(t, f.doctor())
				expect(t, r, r.Condition, r.Severity)
				if r.CheckedAt.IsZero() || r.Title == "" || r.Meaning == "" || r.Doc == "" || r.Topic != topic {
					t.Errorf("%s: %+v", s.name, r)
				}
				fmt.Fprintf(&b, "# %s: %s\n%s\n", s.name, r.Target, short(r))
			}
			golden(t, "reports-"+topic+".txt", b.String())
		})
	}
}

func denied(words string) string {
	return iamError("AccessDenied", "User: "+userARN+" is not authorized to perform: "+words)
}

func noEntity() string { return iamError("NoSuchEntity", "The thing cannot be found.") }

// changedInstance is the instance with something replaced.
func changedInstance(from, to string) []string {
	return []string{"DescribeInstances", strings.Replace(describedInstance, from, to, 1)}
}

func gotRole(trust string) []string {
	return []string{"GetRole", result("GetRole", "<Role>"+roleXML("app", trust)+"</Role>")}
}

func instanceSituations() []situation {
	ask := func(change func(*doctor.InstanceRequest)) func(*testing.T, *doctor.Doctor) doctor.Report {
		return func(t *testing.T, d *doctor.Doctor) doctor.Report {
			t.Helper()
			r := doctor.InstanceRequest{ID: instanceID}
			if change != nil {
				change(&r)
			}
			return d.Instance(t.Context(), r)
		}
	}
	plain := ask(nil)
	from := func(a doctor.Answer[doctor.AgentStatus]) func(*testing.T, *doctor.Doctor) doctor.Report {
		return ask(func(r *doctor.InstanceRequest) { r.Agent = a })
	}
	agent := func(c probes.Condition, role, profile string) func(*testing.T, *doctor.Doctor) doctor.Report {
		return from(seenBy(c, role, profile, ""))
	}
	seen := func(a doctor.Answer[doctor.Sighting]) func(*testing.T, *doctor.Doctor) doctor.Report {
		return ask(func(r *doctor.InstanceRequest) { r.Seen = a })
	}
	self := func(s doctor.Sighting) func(*testing.T, *doctor.Doctor) doctor.Report {
		return seen(doctor.Answer[doctor.Sighting]{Asked: "GET iam/info", Value: s})
	}
	elsewhere := seenBy(probes.ConditionHealthy, "app", profileARN, "")
	elsewhere.Value.InstanceID = "i-0fedcba9876543210"
	here := seenBy(probes.ConditionHealthy, "app", profileARN, "")
	here.Value.InstanceID = instanceID
	issued := func(at string) func(*testing.T, *doctor.Doctor) doctor.Report {
		a := seenBy(probes.ConditionHealthy, "app", profileARN, "")
		when := noon
		if at == "before" {
			when = noon.Add(-3 * 60 * 60 * 1e9)
		}
		a.Value.Vantages[0].Credentials = &doctor.AgentCredentials{LastUpdated: &when}
		return from(a)
	}
	created := func(at string) []string {
		return []string{"GetRole", result("GetRole", "<Role>"+roleXML("app", policy(allowEC2))+"<CreateDate>"+at+"</CreateDate></Role>")}
	}
	young := created("2026-01-02T11:00:00Z")
	copied := strings.Replace(roleXML("app", policy(allowEC2)), "<Path>", "<CreateDate>2026-01-02T11:00:00Z</CreateDate><Path>", 1)
	condition := statement("Allow", `"Principal":{"Service":"ec2.amazonaws.com"}`, assume+`,"Condition":{"StringEquals":{"aws:SourceAccount":"1"}}`)
	silent := policy(statement("Allow", `"Principal":{"Service":"lambda.amazonaws.com"}`, assume))
	misspelt := policy(statement("Allow", `"Principal":{"Service":["ec2.amazonaw.com","lambda.amazonaws.com"],"AWS":"AROAEXAMPLEEXAMPLE000"}`, assume))
	other := strings.Replace(profileARN, "/app", "/former", 1)
	empty := []string{"GetInstanceProfile", gotProfile("")}
	noID := changedInstance("<id>AIPAEXAMPLEEXAMPLE000</id>", "")
	former := changedInstance("AIPAEXAMPLEEXAMPLE000", "AIPAFORMERFORMER0000")
	return []situation{
		{"nothing wrong", nil, plain},
		{"terminated", changedInstance("<name>running", "<name>terminated"), plain},
		{"shutting down", changedInstance("<name>running", "<name>shutting-down"), plain},
		{"stopped", changedInstance("<name>running", "<name>stopped"), plain},
		{"stopped and empty", append(changedInstance("<name>running", "<name>stopped"), empty...), plain},
		{"no state", changedInstance("<instanceState><code>16</code><name>running</name></instanceState>", ""), plain},
		{"not found", []string{"DescribeInstances", ec2Error("InvalidInstanceID.NotFound", "The instance ID does not exist")}, plain},
		{"no instance in the answer", []string{"DescribeInstances", describing("")}, plain},
		{"instance denied", []string{"DescribeInstances", ec2Error("UnauthorizedOperation", "You are not authorized to perform this operation.")}, plain},
		{"instance denied by an SCP", []string{"DescribeInstances", ec2Error("UnauthorizedOperation", "You are not authorized to perform this operation. User: "+userARN+" is not authorized to perform: ec2:DescribeInstances with an explicit deny in a service control policy")}, plain},
		{"throttled", []string{"DescribeInstances", ec2Error("RequestLimitExceeded", "Request limit exceeded.")}, plain},
		{"no metadata options", changedInstance("<httpEndpoint>enabled</httpEndpoint>", ""), plain},
		{"endpoint off", changedInstance("<httpEndpoint>enabled", "<httpEndpoint>disabled"), plain},
		{"hop limit 1", changedInstance("Limit>2<", "Limit>1<"), plain},
		{"hop limit 1, containers", changedInstance("Limit>2<", "Limit>1<"), ask(func(r *doctor.InstanceRequest) { r.Containers = true })},
		{"hop limit 2, containers", nil, ask(func(r *doctor.InstanceRequest) { r.Containers = true })},
		{"no profile", changedInstance("<iamInstanceProfile><arn>"+profileARN+"</arn><id>AIPAEXAMPLEEXAMPLE000</id></iamInstanceProfile>", ""), plain},
		{"not a profile", changedInstance(profileARN, "arn:aws:s3:::bucket"), plain},
		{"association unknown", []string{"DescribeIamInstanceProfileAssociations", ec2Error("UnauthorizedOperation", "no")}, plain},
		{"no association in the answer", []string{"DescribeIamInstanceProfileAssociations", "<DescribeIamInstanceProfileAssociationsResponse/>"}, plain},
		{"profile deleted", []string{"GetInstanceProfile", noEntity()}, plain},
		{"profile denied", []string{"GetInstanceProfile", denied("iam:GetInstanceProfile on resource: instance profile app because no identity-based policy allows the iam:GetInstanceProfile action")}, plain},
		{"profile denied by the boundary", []string{"GetInstanceProfile", denied("iam:GetInstanceProfile because no permissions boundary allows the iam:GetInstanceProfile action")}, plain},
		{"profile without an answer", []string{"GetInstanceProfile", result("GetInstanceProfile", "")}, plain},
		{"no profile id", noID, plain},
		{"re-created", former, plain},
		{"re-created and empty", append(former, empty...), plain},
		{"empty", empty, plain},
		{"a role that cannot be one", []string{"GetInstanceProfile", gotProfile(roleXML("a;b", ""))}, plain},
		{"expected", nil, ask(func(r *doctor.InstanceRequest) { r.ExpectRole = doctor.Ref{Name: "app"} })},
		{"expected by its ARN", nil, ask(func(r *doctor.InstanceRequest) { r.ExpectRole = doctor.Ref{Name: "app", ARN: appRoleARN} })},
		{"another expected", nil, ask(func(r *doctor.InstanceRequest) { r.ExpectRole = doctor.Ref{Name: "other"} })},
		{"another path expected", nil, ask(func(r *doctor.InstanceRequest) {
			r.ExpectRole = doctor.Ref{Name: "app", ARN: "arn:aws:iam::123456789012:role/app"}
		})},
		{"expected, and empty", empty, ask(func(r *doctor.InstanceRequest) { r.ExpectRole = doctor.Ref{Name: "app"} })},
		{"trust silent", gotRole(silent), plain},
		{"trust misspelt", gotRole(misspelt), plain},
		{"trust denies", gotRole(policy(allowEC2, denyEC2)), plain},
		{"trust depends", gotRole(policy(condition)), plain},
		{"trust malformed", gotRole("rubbish"), plain},
		{"role deleted just now", []string{"GetRole", noEntity()}, plain},
		{"role denied", []string{"GetRole", denied("iam:GetRole because no identity-based policy allows the iam:GetRole action")}, plain},
		{"role denied, no copy", []string{"GetRole", denied("iam:GetRole on resource: role app"), "GetInstanceProfile", gotProfile(roleXML("app", ""))}, plain},
		{"role without an answer", []string{"GetRole", result("GetRole", "")}, plain},
		{"IMDS agrees", nil, self(doctor.Sighting{By: "IMDS", Role: "app", ProfileARN: profileARN, ProfileID: "AIPAEXAMPLEEXAMPLE000"})},
		{"IMDS has nothing", nil, self(doctor.Sighting{By: "IMDS"})},
		{"IMDS has another role", nil, self(doctor.Sighting{By: "IMDS", Role: "former", ProfileARN: profileARN})},
		{"IMDS has another profile", nil, self(doctor.Sighting{By: "IMDS", Role: "app", ProfileARN: other})},
		{"IMDS has a former id", nil, self(doctor.Sighting{By: "IMDS", Role: "app", ProfileARN: profileARN, ProfileID: "AIPAFORMERFORMER0000"})},
		{"IMDS has a former id, none known", noID, self(doctor.Sighting{By: "IMDS", Role: "app", ProfileARN: profileARN, ProfileID: "AIPAFORMERFORMER0000"})},
		{"IMDS is of another account", nil, self(doctor.Sighting{By: "IMDS", ProfileARN: strings.Replace(profileARN, account, "999999999999", 1)})},
		{"IMDS is not to be believed", nil, seen(doctor.Answer[doctor.Sighting]{Asked: "GET iam/info", Failure: &doctor.Failure{Message: "it shows nonsense"}})},
		{"IMDS and an empty profile", empty, self(doctor.Sighting{By: "IMDS", Role: "app", ProfileARN: profileARN})},
		{"agent healthy", nil, from(here)},
		{"agent unknown", nil, agent(probes.ConditionUnknown, "", "")},
		{"agent on another instance", nil, from(elsewhere)},
		{"agent of another account", nil, agent(probes.ConditionHealthy, "app", strings.Replace(profileARN, account, "999999999999", 1))},
		{"agent of another account, no profile here", changedInstance("<iamInstanceProfile><arn>"+profileARN+"</arn><id>AIPAEXAMPLEEXAMPLE000</id></iamInstanceProfile>", ""), agent(probes.ConditionHealthy, "app", profileARN)},
		{"agent unusable", nil, from(doctor.Answer[doctor.AgentStatus]{Asked: "GET /api/v1/status", Failure: &doctor.Failure{Message: "the agent gave no usable answer: status 404"}})},
		{"agent of a terminated instance", changedInstance("<name>running", "<name>terminated"), from(here)},
		{"agent healthy, trust broken", gotRole(silent), from(here)},
		{"agent healthy, trust depends", gotRole(policy(condition)), from(here)},
		{"agent healthy without a role, trust depends", gotRole(policy(condition)), agent(probes.ConditionHealthy, "", "")},
		{"agent healthy with another role, trust depends", gotRole(policy(condition)), agent(probes.ConditionHealthy, "former", profileARN)},
		{"agent stalled, trust depends", gotRole(policy(condition)), agent(probes.ConditionRotationStalled, "app", profileARN)},
		{"agent unauthorized, trust depends", gotRole(policy(condition)), agent(probes.ConditionAssumeRoleUnauthorized, "app", profileARN)},
		{"agent unauthorized, trust broken", gotRole(silent), agent(probes.ConditionAssumeRoleUnauthorized, "app", profileARN)},
		{"agent unauthorized, trust fixed", nil, agent(probes.ConditionAssumeRoleUnauthorized, "app", profileARN)},
		{"agent: profile gone, another attached", nil, agent(probes.ConditionInstanceProfileNotFound, "", other)},
		{"agent: profile gone, and it is", []string{"GetInstanceProfile", noEntity()}, agent(probes.ConditionInstanceProfileNotFound, "", profileARN)},
		{"agent: profile gone, re-created", former, agent(probes.ConditionInstanceProfileNotFound, "", profileARN)},
		{"agent: profile gone, no id to compare", noID, agent(probes.ConditionInstanceProfileNotFound, "", profileARN)},
		{"agent: profile gone, profile denied", []string{"GetInstanceProfile", denied("iam:GetInstanceProfile")}, agent(probes.ConditionInstanceProfileNotFound, "", profileARN)},
		{"agent: no role, one added", nil, agent(probes.ConditionNoRole, "", profileARN)},
		{"agent: no role, one added, trust broken", gotRole(silent), agent(probes.ConditionNoRole, "", profileARN)},
		{"agent: no role, one added, hop limit 1", changedInstance("Limit>2<", "Limit>1<"), ask(func(r *doctor.InstanceRequest) {
			r.Containers, r.Agent = true, seenBy(probes.ConditionNoRole, "", profileARN, "")
		})},
		{"agent: no profile, empty", empty, agent(probes.ConditionNoInstanceProfile, "", "")},
		{"agent: no profile, attached", nil, agent(probes.ConditionNoInstanceProfile, "", "")},
		{"agent: no profile, attached and deleted", []string{"GetInstanceProfile", noEntity()}, agent(probes.ConditionNoInstanceProfile, "", "")},
		{"agent: firewall", nil, agent(probes.ConditionFirewallBlocked, "", "")},
		{"agent: expired", nil, agent(probes.ConditionCredentialsExpired, "app", profileARN)},
		{"agent: wrong role, replaced", nil, agent(probes.ConditionWrongRole, "former", profileARN)},
		{"agent: wrong role, the profile's", nil, agent(probes.ConditionWrongRole, "app", profileARN)},
		{"agent: disabled, endpoint on", nil, agent(probes.ConditionIMDSDisabled, "", "")},
		{"agent: disabled, endpoint off", changedInstance("<httpEndpoint>enabled", "<httpEndpoint>disabled"), agent(probes.ConditionIMDSDisabled, "", "")},
		{"agent: healthy, endpoint off", changedInstance("<httpEndpoint>enabled", "<httpEndpoint>disabled"), from(here)},
		{"agent: firewall, endpoint off", changedInstance("<httpEndpoint>enabled", "<httpEndpoint>disabled"), agent(probes.ConditionFirewallBlocked, "", "")},
		{"agent: disabled, endpoint unknown", changedInstance("<httpEndpoint>enabled</httpEndpoint>", ""), agent(probes.ConditionIMDSDisabled, "", "")},
		{"role re-created", young, issued("before")},
		{"role re-created, and nothing known of the credentials", young, from(here)},
		{"agent healthy with a former id, trust depends", gotRole(policy(condition)), from(seenBy(probes.ConditionHealthy, "app", profileARN, "AIPAFORMERFORMER0000"))},
		{"agent healthy with a profile and no role, trust depends", gotRole(policy(condition)), agent(probes.ConditionHealthy, "", profileARN)},
		{"agent: wrong role, profile empty", empty, agent(probes.ConditionWrongRole, "app", profileARN)},
		{"role re-created, by the copy", []string{"GetRole", denied("iam:GetRole"), "GetInstanceProfile", gotProfile(copied)}, issued("before")},
		{"role older than the credentials", young, issued("after")},
		{"role within the margin", created("2026-01-02T12:02:00Z"), issued("after")},
		{"role just beyond the margin", created("2026-01-02T12:02:01Z"), issued("after")},
	}
}

func roleSituations() []situation {
	ask := func(r doctor.Ref, principal string) func(*testing.T, *doctor.Doctor) doctor.Report {
		return func(t *testing.T, d *doctor.Doctor) doctor.Report {
			t.Helper()
			return d.Role(t.Context(), r, principal)
		}
	}
	plain := ask(doctor.Ref{Name: "app"}, "")
	list := func(members ...string) []string { return []string{"ListInstanceProfiles", listing(members...)} }
	app, other := roleXML("app", ""), roleXML("other", "")
	noList := []string{"ListInstanceProfiles", denied("iam:ListInstanceProfiles on resource: arn:aws:iam::123456789012:instance-profile/ because no identity-based policy allows the iam:ListInstanceProfiles action")}
	holding := func(members ...string) []string {
		return []string{"ListInstanceProfilesForRole", result("ListInstanceProfilesForRole", "<InstanceProfiles>"+strings.Join(members, "")+"</InstanceProfiles>")}
	}
	join := func(all ...[]string) []string { return slices.Concat(all...) }
	user := "arn:aws:iam::123456789012:user/they"
	return []situation{
		{"listed", list(member("app", app)), plain},
		{"listed, by its ARN", list(member("app", app)), ask(doctor.Ref{Name: "app", ARN: appRoleARN}, "")},
		{"another path", list(member("app", app)), ask(doctor.Ref{Name: "app", ARN: "arn:aws:iam::123456789012:role/app"}, "")},
		{"another account", nil, ask(doctor.Ref{Name: "app", ARN: "arn:aws:iam::999999999999:role/app"}, "")},
		{"another partition", nil, ask(doctor.Ref{Name: "app", ARN: "arn:aws-cn:iam::123456789012:role/app"}, "")},
		{"listed, and elsewhere", list(member("zoo", app), member("app", app)), plain},
		{"missing", join(list(), []string{"GetRole", noEntity()}), plain},
		{"role denied", join(list(member("app", app)), []string{"GetRole", denied("iam:GetRole")}), plain},
		{"role throttled", join(list(member("app", app)), []string{"GetRole", iamError("Throttling", "Rate exceeded")}), plain},
		{"in no profile", list(member("other", other)), plain},
		{"under another name", list(member("zoo", app), member("first", app)), plain},
		{"under another name, and empty at home", list(member("zoo", app), member("app", "")), plain},
		{"under another name, a stranger at home", list(member("zoo", app), member("app", other)), plain},
		{"empty at home", list(member("app", "")), plain},
		{"a stranger at home", list(member("app", other)), plain},
		{"for another service", join(list(member("app", app)), gotRole(policy(statement("Allow", `"Principal":{"Service":"lambda.amazonaws.com"}`, assume)))), plain},
		{"list denied, at home", join(noList, holding(member("app", app)), []string{"GetInstanceProfile", gotProfile(app)}), plain},
		{"list denied, elsewhere", join(noList, holding(member("zoo", app)), []string{"GetInstanceProfile", noEntity()}), plain},
		{"list denied, nowhere", join(noList, holding(), []string{"GetInstanceProfile", noEntity()}), plain},
		{"list denied, holders denied", join(noList, []string{"ListInstanceProfilesForRole", denied("iam:ListInstanceProfilesForRole"), "GetInstanceProfile", denied("iam:GetInstanceProfile")}), plain},
		{"list denied by an SCP", join([]string{"ListInstanceProfiles", denied("iam:ListInstanceProfiles with an explicit deny in a service control policy")}, holding(), []string{"GetInstanceProfile", noEntity()}), plain},
		{"list throttled", join([]string{"ListInstanceProfiles", iamError("Throttling", "Rate exceeded")}, holding(member("app", app)), []string{"GetInstanceProfile", gotProfile(app)}), plain},
		{"they may list", list(member("app", app)), ask(doctor.Ref{Name: "app"}, user)},
		{"they may not list", join(list(member("app", app)), []string{"SimulatePrincipalPolicy", simulated("implicitDeny")}), ask(doctor.Ref{Name: "app"}, user)},
		{"they are of another account", list(member("app", app)), ask(doctor.Ref{Name: "app"}, "arn:aws:iam::999999999999:user/they")},
		{"no credentials", []string{"GetCallerIdentity", iamError("InvalidClientTokenId", "x")}, plain},
	}
}

func addRoleSituations() []situation {
	ask := func(change func(*doctor.AddRoleRequest)) func(*testing.T, *doctor.Doctor) doctor.Report {
		return func(t *testing.T, d *doctor.Doctor) doctor.Report {
			t.Helper()
			r := adding("app", "app")
			if change != nil {
				change(&r)
			}
			return d.AddRole(t.Context(), r)
		}
	}
	plain := ask(nil)
	forThem := func(who string) func(*testing.T, *doctor.Doctor) doctor.Report {
		return ask(func(r *doctor.AddRoleRequest) { r.Principal = who })
	}
	empty := []string{"GetInstanceProfile", gotProfile("")}
	and := func(more ...string) []string { return slices.Concat(empty, more) }
	simulating := func(answer string) []string { return and("SimulatePrincipalPolicy", answer) }
	calledBy := func(arn string, more ...string) []string {
		return slices.Concat(empty, []string{"GetCallerIdentity", caller(arn)}, more)
	}
	const (
		outside = "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>"
		within  = "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>true</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>"
		scp     = "<OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>"
		missing = "<MissingContextValues><member>b:key</member><member>a:key</member><member>a:key</member></MissingContextValues>"
	)
	deny := simulated("implicitDeny")
	return []situation{
		{"allowed", empty, plain},
		{"allowed, by ARNs", empty, ask(func(r *doctor.AddRoleRequest) { r.Profile.ARN, r.Role.ARN = profileARN, appRoleARN })},
		{"profile of another account", empty, ask(func(r *doctor.AddRoleRequest) {
			r.Profile.ARN = "arn:aws:iam::999999999999:instance-profile/app"
		})},
		{"role of another account", empty, ask(func(r *doctor.AddRoleRequest) { r.Role.ARN = "arn:aws:iam::999999999999:role/app" })},
		{"nothing allowed", simulating(deny), plain},
		{"denied within the boundary", simulating(simulated("implicitDeny", within)), plain},
		{"explicitly denied", simulating(simulated("explicitDeny", matchedStatement("B", "group"), matchedStatement("A", "user"))), plain},
		{"outside the boundary", simulating(simulated("implicitDeny", outside)), plain},
		{"outside the organization", simulating(simulated("implicitDeny", scp)), plain},
		{"denied by the organization", simulating(simulated("explicitDeny", scp)), plain},
		{"denied by a statement and the organization", simulating(simulated("explicitDeny", scp, matchedStatement("A", "user"))), plain},
		{"depends", simulating(simulated("implicitDeny", missing)), plain},
		{"allowed, an open condition", simulating(simulated("allowed", missing, matchedStatement("A", "user"))), plain},
		{"simulator denied", simulating(denied("iam:SimulatePrincipalPolicy because no identity-based policy allows the iam:SimulatePrincipalPolicy action")), plain},
		{"no result", simulating(result("SimulatePrincipalPolicy", "")), plain},
		{"done", nil, plain},
		{"done, and nothing else allowed", []string{"SimulatePrincipalPolicy", denied("iam:SimulatePrincipalPolicy")}, plain},
		{"full", []string{"GetInstanceProfile", gotProfile(roleXML("other", ""))}, plain},
		{"profile missing", []string{"GetInstanceProfile", noEntity()}, plain},
		{"profile missing, its ARN given", []string{"GetInstanceProfile", noEntity()}, ask(func(r *doctor.AddRoleRequest) {
			r.Profile.ARN = "arn:aws:iam::123456789012:instance-profile/team/app"
		})},
		{"profile denied", []string{"GetInstanceProfile", denied("iam:GetInstanceProfile")}, plain},
		{"role missing", and("GetRole", noEntity()), plain},
		{"role missing, its ARN given", and("GetRole", noEntity()), ask(func(r *doctor.AddRoleRequest) { r.Role.ARN = "arn:aws:iam::123456789012:role/team/app" })},
		{"role denied", and("GetRole", denied("iam:GetRole")), plain},
		{"both missing", []string{"GetInstanceProfile", noEntity(), "GetRole", noEntity()}, plain},
		{"quota used up", []string{"GetInstanceProfile", noEntity(), "GetAccountSummary", accountSummary(1000, 1000)}, plain},
		{"quota nearly used up", []string{"GetInstanceProfile", noEntity(), "GetAccountSummary", accountSummary(999, 1000)}, plain},
		{"quota used up, profile there", and("GetAccountSummary", accountSummary(1000, 1000)), plain},
		{"quota denied", and("GetAccountSummary", denied("iam:GetAccountSummary")), plain},
		{"no quota told", and("GetAccountSummary", accountSummary(0, 0)), plain},
		{"session", calledBy(sessionARN), plain},
		{"session, nothing allowed", calledBy(sessionARN, "SimulatePrincipalPolicy", deny), plain},
		{"session of single sign-on, nothing allowed", calledBy("arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Ops_0a1b/me", "SimulatePrincipalPolicy", deny), plain},
		{"session, its role denied", calledBy(sessionARN, "GetRole", denied("iam:GetRole")), plain},
		{"root", calledBy("arn:aws:iam::123456789012:root"), plain},
		{"federated", calledBy("arn:aws:sts::123456789012:federated-user/me"), plain},
		{"of no kind", calledBy("arn:aws:sts::123456789012:wizard/me", "SimulatePrincipalPolicy", deny), plain},
		{"they may not", simulating(deny), forThem("arn:aws:iam::123456789012:user/they")},
		{"their role may not", simulating(deny), forThem("arn:aws:iam::123456789012:role/team/theirs")},
		{"their session may", empty, forThem("arn:aws:sts::123456789012:assumed-role/theirs/s")},
		{"they are of another account", empty, forThem("arn:aws:iam::999999999999:user/they")},
		{"they may not, and you may not look", and("SimulatePrincipalPolicy", deny, "GetRole", denied("iam:GetRole")), forThem("arn:aws:iam::123456789012:user/they")},
		{"no credentials", []string{"GetCallerIdentity", iamError("ExpiredToken", "x")}, plain},
	}
}

func launchSituations() []situation {
	ask := func(change func(*doctor.LaunchRequest)) func(*testing.T, *doctor.Doctor) doctor.Report {
		return func(t *testing.T, d *doctor.Doctor) doctor.Report {
			t.Helper()
			r := doctor.LaunchRequest{Profile: "app", InstanceType: "t3.micro"}
			if change != nil {
				change(&r)
			}
			return d.Launch(t.Context(), r)
		}
	}
	plain := ask(nil)
	with := func(profile string) func(*testing.T, *doctor.Doctor) doctor.Report {
		return ask(func(r *doctor.LaunchRequest) { r.Profile = profile })
	}
	dry := ask(func(r *doctor.LaunchRequest) { r.DryRun, r.ImageID = true, "ami-0123456789abcdef0" })
	exact := ask(func(r *doctor.LaunchRequest) {
		r.ImageID, r.SubnetID, r.KeyName = "ami-0123456789abcdef0", "subnet-0123456789abcdef0", "me"
		r.SecurityGroupIDs = []string{"sg-0123456789abcdef0", "sg-0123456789abcdef1"}
	})
	refusing := func(words string, more ...string) []string {
		return append([]string{"RunInstances", ec2Error("UnauthorizedOperation", "You are not authorized to perform this operation."+words), "RunInstances without profile", ec2Error("DryRunOperation", "yes")}, more...)
	}
	says := func(words string) string { return " User: " + userARN + " is not authorized to perform: " + words }
	instances := "arn:aws:ec2:eu-central-1:123456789012:instance/*"
	each := func(decisions ...string) string {
		var all strings.Builder
		for i := 0; i+1 < len(decisions); i += 2 {
			all.WriteString("<member><EvalResourceName>" + decisions[i] + "</EvalResourceName><EvalResourceDecision>" + decisions[i+1] + "</EvalResourceDecision>" +
				"<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>" + fmt.Sprint(decisions[i+1] != "boundary") + "</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail></member>")
		}
		return simulated("implicitDeny", "<ResourceSpecificResults>"+all.String()+"</ResourceSpecificResults>")
	}
	decoding := func(document string) []string {
		return []string{"DecodeAuthorizationMessage", result("DecodeAuthorizationMessage", "<DecodedMessage>"+document+"</DecodedMessage>")}
	}
	encoded := " Encoded authorization failure message: abc_DEF-123"
	deny := []string{"SimulatePrincipalPolicy", simulated("implicitDeny")}
	return []situation{
		{"allowed", nil, plain},
		{"allowed, by its ARN", nil, with(profileARN)},
		{"not a name", nil, with("a b")},
		{"an ARN in capitals", nil, with("ARN" + profileARN[3:])},
		{"the ARN of a role", nil, with(appRoleARN)},
		{"the ARN of a bucket", nil, with("arn:aws:s3:::bucket")},
		{"another partition", nil, with(strings.Replace(profileARN, "aws", "aws-cn", 1))},
		{"another account", nil, with(strings.Replace(profileARN, account, "999999999999", 1))},
		{"another path", nil, with(strings.Replace(profileARN, "/app", "/team/app", 1))},
		{"missing", []string{"GetInstanceProfile", noEntity()}, plain},
		{"denied to look", []string{"GetInstanceProfile", denied("iam:GetInstanceProfile on resource: " + profileARN)}, plain},
		{"empty", []string{"GetInstanceProfile", gotProfile("")}, plain},
		{"nothing allowed", deny, plain},
		{"nothing allowed, exactly", deny, exact},
		{"nothing allowed to them", deny, ask(func(r *doctor.LaunchRequest) { r.Principal = "arn:aws:iam::123456789012:user/they" })},
		{"one resource lacking", []string{"SimulatePrincipalPolicy", each(instances, "allowed", "arn:aws:ec2:eu-central-1:123456789012:subnet/*", "implicitDeny")}, plain},
		{"one explicitly denied, others lacking", []string{"SimulatePrincipalPolicy", each(instances, "implicitDeny", "arn:aws:ec2:eu-central-1:123456789012:subnet/*", "explicitDeny")}, plain},
		{"one outside the boundary", []string{"SimulatePrincipalPolicy", each(instances, "allowed", "arn:aws:ec2:eu-central-1:123456789012:subnet/*", "boundary")}, plain},
		{"session", []string{"GetCallerIdentity", caller(sessionARN)}, plain},
		{"session, dry run", []string{"GetCallerIdentity", caller(sessionARN)}, dry},
		{"dry run allowed, simulator denies", deny, dry},
		{"dry run refused, no words", refusing(""), dry},
		{"dry run refused with and without", refusing("", "RunInstances without profile", ec2Error("UnauthorizedOperation", "no")), dry},
		{"dry run refused, throttled without", refusing("", "RunInstances without profile", ec2Error("RequestLimitExceeded", "slow")), dry},
		{"dry run: PassRole", refusing(says("iam:PassRole on resource: " + appRoleARN + " because no identity-based policy allows the iam:PassRole action")), dry},
		{"dry run: PassRole, explicit", refusing(says("iam:PassRole on resource: " + appRoleARN + " with an explicit deny in an identity-based policy")), dry},
		{"dry run: RunInstances", refusing(says("ec2:RunInstances on resource: " + instances + " because no identity-based policy allows the ec2:RunInstances action")), dry},
		{"dry run: RunInstances, others allowed", refusing(says("ec2:RunInstances on resource: "+instances+" because no identity-based policy allows the ec2:RunInstances action"), "SimulatePrincipalPolicy", each(instances, "allowed", "arn:aws:ec2:eu-central-1:123456789012:subnet/*", "allowed")), dry},
		{"dry run: RunInstances on a template", refusing(says("ec2:RunInstances on resource: arn:aws:ec2:eu-central-1:123456789012:launch-template/* because no identity-based policy allows the ec2:RunInstances action")), dry},
		{"dry run: RunInstances, SCP", refusing(says("ec2:RunInstances on resource: " + instances + " with an explicit deny in a service control policy")), dry},
		{"dry run: another action", refusing(says("kms:CreateGrant because no identity-based policy allows the kms:CreateGrant action")), dry},
		{"dry run: decoded", refusing(encoded, decoding(`{"explicitDeny":false,"context":{"action":"iam:PassRole","resource":"`+appRoleARN+`"}}`)...), dry},
		{"dry run: decoded, explicit", refusing(encoded, decoding(`{"explicitDeny":true,"context":{"action":"ec2:RunInstances","resource":"`+instances+`"}}`)...), dry},
		{"dry run: not decoded", refusing(encoded, "DecodeAuthorizationMessage", denied("sts:DecodeAuthorizationMessage")), dry},
		{"dry run: decoded to rubbish", refusing(encoded, decoding("{")...), dry},
		{"dry run: another error", []string{"RunInstances", ec2Error("InvalidAMIID.NotFound", "The image does not exist"), "RunInstances without profile", ec2Error("InvalidAMIID.NotFound", "The image does not exist")}, dry},
		{"dry run: throttled", []string{"RunInstances", ec2Error("RequestLimitExceeded", "slow")}, dry},
		{"dry run: no answer", []string{"RunInstances", "<RunInstancesResponse/>"}, dry},
		{"no credentials", []string{"GetCallerIdentity", iamError("RequestExpired", "x")}, plain},
	}
}
