package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/imds-probe/imds-probe/probes"
)

// problemOrder is the order of problems of one severity: what breaks all
// credentials of a profile comes before what concerns single instances.
var problemOrder = []Condition{
	daemon(probes.ConditionInstanceProfileNotFound), daemon(probes.ConditionNoRole),
	daemon(probes.ConditionAssumeRoleUnauthorized), ConditionRoleRecreated, ConditionTrustDepends,
	ConditionWithoutProfile, ConditionIMDSv1, daemon(probes.ConditionHopLimitTooLow), daemon(probes.ConditionIMDSDisabled),
}

// auditSteps are the steps of the topic "instance" that an audit takes. Without an
// answer of an agent the last two say nothing.
func (f InstanceFacts) auditSteps() []Step {
	return f.join([]Step{
		f.metadataStep(), f.tokensStep(), f.auditAssociationStep(), f.profileStep(), f.profileIDStep(),
		f.hasRoleStep(), f.trustStep(), f.roleSeenStep(),
	})
}

const stepTokens = "tokens"

// tokensStep holds IMDSv1 against the instance, where its endpoint is on.
func (f InstanceFacts) tokensStep() Step {
	i := f.Instance.Value
	if i.HTTPTokens != "optional" || i.HTTPEndpoint == "disabled" {
		return passed(stepTokens, f.Instance.Asked, "tokens "+clean(i.HTTPTokens))
	}
	return failed(stepTokens, f.Instance.Asked, reasonTokensOptional, "IMDS answers requests without a session token", ConditionIMDSv1)
}

// auditAssociationStep takes the absence of a profile for what may be meant.
func (f InstanceFacts) auditAssociationStep() Step {
	s := f.associationStep()
	if f.Instance.Value.ProfileARN == "" {
		s = s.changed(func(found *finding) { found.condition = ConditionWithoutProfile })
	}
	return s
}

// JudgeAudit judges the answers about an account.
func JudgeAudit(f AuditFacts) AuditReport {
	r := AuditReport{
		Topic: "audit", Caller: printable(f.Caller.Value.ARN), Account: f.Caller.Value.Account, CheckedAt: f.Now,
		Regions: []string{}, Problems: []Problem{}, Profiles: []ProfileSummary{},
	}
	j := auditJudge{facts: f, groups: map[string]*problemGroup{}, profiles: map[string]*ProfileSummary{}}
	if s := callerStep(f.Caller); s.finding != nil {
		j.general(s)
	}
	if f.Available.Failure != nil {
		j.general(unanswered("regions", f.Available.Asked, f.Available.Failure))
	}
	for _, region := range f.Regions {
		r.Regions = append(r.Regions, region.Region)
		if region.Instances.Failure != nil {
			j.general(unanswered("instances", region.Instances.Asked, region.Instances.Failure))
		}
		for _, i := range region.Instances.Value {
			j.instance(region.Region, i)
		}
	}
	j.missing()
	return j.conclude(r)
}

// auditJudge gathers problems by their kind.
type auditJudge struct {
	facts    AuditFacts
	groups   map[string]*problemGroup
	profiles map[string]*ProfileSummary
	seen     map[string]bool
	count    AuditCounts
}

// problemGroup is one problem in the making: the finding of its first instance
// stands for all.
type problemGroup struct {
	finding       finding
	reason        Reason
	profile, role string
	instances     []InstanceRef
}

// instance judges one instance.
func (j *auditJudge) instance(region string, i Instance) {
	if j.seen == nil {
		j.seen = map[string]bool{}
	}
	j.seen[i.ID] = true
	if i.State != "running" && i.State != "" {
		j.count.NotRunning++
		return
	}
	j.count.Instances++
	f, name := j.factsOf(region, i), nameOf(i.ProfileARN)
	steps := f.auditSteps()
	worst := ConditionAuditClean
	for n := range steps {
		if steps[n] = steps[n].tame(); steps[n].finding != nil {
			j.add(steps[n], InstanceRef{i.ID, region}, name, f.role())
		}
	}
	if found := findings(steps); len(found) > 0 {
		worst = found[0].condition
	} else {
		j.count.Clean++
	}
	j.profile(name, f.role(), worst)
	if a, asked := j.facts.Agents[i.ID]; asked {
		j.count.AgentsAsked++
		if a.OK() {
			j.count.AgentsAnswered++
		}
	}
}

// factsOf is the instance as the topic "instance" would see it.
func (j *auditJudge) factsOf(region string, i Instance) InstanceFacts {
	f := InstanceFacts{
		InstanceRequest: InstanceRequest{ID: i.ID, Containers: j.facts.Request.Containers},
		Now:             j.facts.Now, Region: region, Caller: j.facts.Caller,
		Instance: Answer[Instance]{Asked: "ec2:DescribeInstances", Value: i},
	}
	if a := j.facts.Agents[i.ID]; a.OK() {
		f.Agent = a
	}
	f.Profile = j.facts.Profiles[nameOf(i.ProfileARN)]
	if roles := f.Profile.Value.Roles; len(roles) > 0 {
		if asked, once := j.facts.Roles[roles[0].Name]; once {
			f.Role = asked
		} else {
			f.Role = Answer[Role]{Asked: f.Profile.Asked, Value: roles[0]}
		}
	}
	return f
}

// role is the name of the role in the profile, or empty.
func (f InstanceFacts) role() string {
	if len(f.Profile.Value.Roles) == 0 {
		return ""
	}
	return f.Profile.Value.Roles[0].Name
}

// aboutInstances are the problems of instances, whatever their profile.
var aboutInstances = []Condition{
	ConditionWithoutProfile, ConditionIMDSv1, daemon(probes.ConditionHopLimitTooLow), daemon(probes.ConditionIMDSDisabled),
}

// add puts an instance under its problem.
func (j *auditJudge) add(s Step, i InstanceRef, profile, role string) {
	if s.Lacks != "" || slices.Contains(aboutInstances, s.finding.condition) {
		profile, role = "", ""
	}
	key := strings.Join([]string{string(s.finding.condition), string(s.Reason), s.Lacks, profile, role}, "\x00")
	g := j.groups[key]
	if g == nil {
		g = &problemGroup{finding: *s.finding, reason: s.Reason, profile: profile, role: role}
		g.finding.summary = cmp.Or(g.finding.summary, sentence(s.Answer))
		if s.Lacks != "" {
			g.finding.summary = "The audit cannot go on without " + s.Lacks + "."
		}
		j.groups[key] = g
	}
	if i.ID != "" {
		g.instances = append(g.instances, i)
	}
	for _, more := range s.finding.grants {
		g.finding.grants = []grant{{more.to, merge(statementsOf(g.finding.grants), more.statements)}}
	}
}

func statementsOf(grants []grant) (all []policyStatement) {
	for _, g := range grants {
		all = append(all, g.statements...)
	}
	return all
}

// general adds a problem of no instance.
func (j *auditJudge) general(s Step) { j.add(s.tame(), InstanceRef{}, "", "") }

// missing names the instances that were asked for and not found.
func (j *auditJudge) missing() {
	for _, region := range j.facts.Regions {
		if region.Instances.Failure != nil {
			return
		}
	}
	for _, id := range j.facts.Request.IDs {
		if j.facts.Caller.OK() && !j.seen[id] {
			j.add(failed(stepInstance, "", reasonInstanceNotFound, "there is no such instance in "+j.facts.describe(), ConditionInstanceNotFound),
				InstanceRef{ID: id}, "", "")
		}
	}
}

// profile counts an instance under its profile.
func (j *auditJudge) profile(name, role string, worst Condition) {
	if name == "" {
		return
	}
	p := j.profiles[name]
	if p == nil {
		p = &ProfileSummary{Account: j.facts.Caller.Value.Account, Profile: name, Role: clean(role), Condition: ConditionAuditClean}
		j.profiles[name] = p
	}
	p.Instances++
	if worst == ConditionAuditClean {
		return
	}
	p.WithProblems++
	if severityOf(worst).Rank() > severityOf(p.Condition).Rank() {
		p.Condition = worst
	}
}

func severityOf(c Condition) probes.Severity {
	e, _ := Explain(c)
	return e.Severity
}

// conclude orders the problems, the most severe first, and writes their remedies.
func (j *auditJudge) conclude(r AuditReport) AuditReport {
	for _, g := range j.groups {
		r.Problems = append(r.Problems, g.problem(r.Caller))
	}
	slices.SortFunc(r.Problems, compareProblems)
	for _, p := range j.profiles {
		r.Profiles = append(r.Profiles, *p)
	}
	slices.SortFunc(r.Profiles, func(a, b ProfileSummary) int {
		return cmp.Or(cmp.Compare(b.WithProblems, a.WithProblems), cmp.Compare(a.Profile, b.Profile))
	})
	r.Counts = j.count
	r.Condition = ConditionAuditClean
	if len(r.Problems) > 0 {
		r.Condition = r.Problems[0].Condition
		r.Severity = r.Problems[0].Severity
		r.Summary = r.Problems[0].Summary
	} else {
		r.Severity = probes.SeverityOK
		r.Summary = fmt.Sprintf("No problem found on %s in %s.", count(j.count.Instances, "instance"), j.facts.describe())
	}
	return r
}

func compareProblems(a, b Problem) int {
	place := func(c Condition) int {
		if i := slices.Index(problemOrder, c); i >= 0 {
			return i
		}
		return len(problemOrder)
	}
	return cmp.Or(
		b.Severity.Rank()-a.Severity.Rank(), place(a.Condition)-place(b.Condition),
		cmp.Compare(len(b.Instances), len(a.Instances)), cmp.Compare(a.Condition, b.Condition),
		cmp.Compare(a.Profile, b.Profile), cmp.Compare(a.Summary, b.Summary),
	)
}

// problem is the group as reports show it.
func (g *problemGroup) problem(caller string) Problem {
	e := g.finding.entry()
	slices.SortFunc(g.instances, func(a, b InstanceRef) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.ID, b.ID))
	})
	p := Problem{
		Condition: e.Condition, Severity: e.Severity, Reason: g.reason, Title: e.Title,
		Summary: printable(cmp.Or(g.finding.summary, e.Meaning)), Profile: clean(g.profile), Role: clean(g.role),
		Instances: g.instances, Doc: e.Doc,
	}
	if p.Instances == nil {
		p.Instances = []InstanceRef{}
	}
	n := names{theProfile: g.profile, theRole: g.role}
	if len(g.instances) == 1 {
		n[theInstance] = g.instances[0].ID
	}
	p.Remedy, p.Policies = remedyFor([]finding{g.finding}, n, caller)
	return p
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
