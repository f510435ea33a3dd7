package doctor

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/imds-probe/imds-probe/probes"
)

// Step is one step of a ladder: what was asked, what came back, and what
// follows from it.
type Step struct {
	Name   string        `json:"step"`
	Status probes.Status `json:"status"`
	Reason Reason        `json:"reason"`
	// Asked is the API request, or empty where the step judges earlier answers.
	Asked string `json:"asked,omitempty"`
	// Answer says in words what came back.
	Answer string `json:"answer"`
	// Lacks is the permission without which the step could not be judged.
	Lacks    string            `json:"lacks,omitempty"`
	Evidence map[string]string `json:"evidence,omitempty"`

	finding *finding
}

// finding is what a step holds against its target.
type finding struct {
	condition Condition
	// step is the name of the step.
	step string
	// summary says it in one sentence, of these very names; the step's answer if empty.
	summary string
	// remedy replaces the catalogue's, where the answers allow a more exact one.
	remedy []probes.Step
	// grants are what the remedy gives to principals.
	grants []grant
	// trust is the trust policy that the remedy puts in place, or nil.
	trust json.RawMessage
	// observed means that the agent on the instance found it, so that its own
	// words about IMDS apply.
	observed bool
}

// entry is what the catalogue says of the finding: the agent's words only for what
// the agent saw.
func (f finding) entry() Entry {
	if f.observed {
		return explainObserved(f.condition)
	}
	e, _ := Explain(f.condition)
	return e
}

func (f finding) severity() probes.Severity { return f.entry().Severity }

func passed(name, asked, answer string) Step {
	return Step{Name: name, Status: probes.StatusPass, Reason: seen(probes.ReasonOK), Asked: asked, Answer: answer}
}

func failed(name, asked string, r Reason, answer string, c Condition) Step {
	return Step{
		Name: name, Status: probes.StatusFail, Reason: r, Asked: asked, Answer: answer,
		finding: &finding{condition: c},
	}
}

// undecided is a step whose answer leaves open what is the case.
func undecided(name, asked string, r Reason, answer string, c Condition) Step {
	s := failed(name, asked, r, answer, c)
	s.Status = probes.StatusUnknown
	return s
}

// skipped is a step that needs another one which did not pass.
func skipped(name, needs string) Step {
	return Step{
		Name: name, Status: probes.StatusSkip, Reason: seen(probes.ReasonPrerequisiteFailed),
		Answer: "needs " + needs,
	}
}

// unwanted is a step that was not asked for.
func unwanted(name, how string) Step {
	return Step{Name: name, Status: probes.StatusSkip, Reason: reasonNotAsked, Answer: how}
}

// absence is what a step says where the thing it asks for does not exist.
type absence struct {
	reason    Reason
	answer    string
	condition Condition
}

// got tells whether a request brought the thing that the step is about; where it
// did not, s is the step. needs is the step without which it is not asked.
func got[T any](name, needs string, a Answer[T], none absence) (s Step, ok bool) {
	switch {
	case a.Asked == "":
		return skipped(name, needs), false
	case a.failed(FailureNotFound):
		return failed(name, a.Asked, none.reason, none.answer, none.condition), false
	case a.Failure != nil:
		return unanswered(name, a.Asked, a.Failure), false
	}
	return Step{}, true
}

// noProfile is the absence of a profile that was asked for by its name.
func noProfile(name string, c Caller) absence {
	return absence{
		seen(probes.ReasonProfileNotFound),
		fmt.Sprintf("there is no instance profile %s in account %s", name, c.Account), ConditionProfileMissing,
	}
}

// noRole is the absence of a role that was asked for by its name.
func noRole(name string, c Caller) absence {
	return absence{
		reasonRoleNotFound,
		fmt.Sprintf("there is no role %s in account %s", name, c.Account), ConditionRoleMissing,
	}
}

// roleStep says whether there is the role.
func roleStep(needs string, r Ref, a Answer[Role], c Caller) Step {
	if s, elsewhere := c.elsewhere(stepRole, r); elsewhere {
		return s
	}
	if s, ok := got(stepRole, needs, a, noRole(r.Name, c)); !ok {
		return s
	}
	if r.ARN != "" && r.ARN != a.Value.ARN {
		return failed(stepRole, a.Asked, reasonInvalidName,
			"the role of that name has another ARN: "+clean(a.Value.ARN), ConditionRoleMissing)
	}
	return passed(stepRole, a.Asked, "role "+r.Name+" exists").with("role_arn", a.Value.ARN)
}

// with returns the step with evidence added.
func (s Step) with(key, value string) Step {
	s.Evidence = maps.Clone(s.Evidence)
	if s.Evidence == nil {
		s.Evidence = map[string]string{}
	}
	if value != "" {
		s.Evidence[key] = printable(value)
	}
	return s
}

// tame returns the step with all that came from elsewhere made fit for a
// terminal. Every step goes through it, whoever wrote its words.
func (s Step) tame() Step {
	s.Asked, s.Answer, s.Lacks = printable(s.Asked), printable(s.Answer), printable(s.Lacks)
	return s
}

// mend returns the step with a remedy more exact than the catalogue's.
func (s Step) mend(remedy ...probes.Step) Step {
	return s.changed(func(f *finding) { f.remedy = remedy })
}

// granting returns the step with a remedy that gives a principal a permission.
func (s Step) granting(to string, statements ...policyStatement) Step {
	return s.changed(func(f *finding) { f.grants = append(slices.Clone(f.grants), grant{to, statements}) })
}

// putting returns the step with the trust policy that its remedy puts in place.
func (s Step) putting(trust json.RawMessage) Step {
	return s.changed(func(f *finding) { f.trust = trust })
}

// observed returns the step with its finding as the agent's own.
func (s Step) observed() Step {
	return s.changed(func(f *finding) { f.observed = true })
}

func (s Step) changed(change func(*finding)) Step {
	f := *s.finding
	change(&f)
	s.finding = &f
	return s
}

// saying returns the step with its finding summed up in these words.
func (s Step) saying(summary string) Step {
	return s.changed(func(f *finding) { f.summary = summary })
}

// harmless returns the step as it is, but held against nobody.
func (s Step) harmless() Step {
	s.finding = nil
	return s
}

// refusedBecause adds the doctor's own words to a refusal of credentials.
func refusedBecause(words string) string {
	if words == "" {
		return ""
	}
	return ": " + words
}

// unanswered is the step whose request failed. That says nothing of the target,
// so its status is unknown.
func unanswered(name, asked string, f *Failure) Step {
	s := undecided(name, asked, reasonAPIError, f.String(), ConditionAPIError)
	set := func(r Reason, c Condition, words string) {
		s.Reason, s.finding = r, &finding{condition: c, summary: words}
	}
	code := " (" + f.Code + ")"
	switch f.Kind {
	case FailureDenied:
		set(reasonLacking, ConditionLacking, "")
		s.Lacks = f.Permission
		s.Answer = "not allowed" + code
		if f.Refusal.limited() {
			s.Answer += ": " + f.Refusal.words()
			return s.mend(f.Refusal.lift()...)
		}
		return s.granting("", allowStatement(f.resources(), f.Permission))
	case FailureNoCredentials:
		set(reasonNoCredentials, ConditionNoCredentials, "There are no AWS credentials to ask with: "+f.String()+".")
	case FailureRefused:
		set(reasonRefused, ConditionRefused, "AWS does not accept the credentials"+code+refusedBecause(f.Message)+".")
	case FailureExpired:
		set(reasonExpiredToken, ConditionExpired, "The session token of the credentials has expired"+code+".")
	case FailureClock:
		set(reasonClock, ConditionClock, "The clock here is too far from AWS's"+code+".")
	case FailureThrottled:
		set(reasonThrottled, ConditionThrottled, "AWS throttles the API requests of this account"+code+".")
	case FailureUnreachable:
		set(reasonUnreachable, ConditionUnreachable, "No answer from the endpoint: "+f.String()+".")
	case FailureOther, FailureNotFound:
		set(reasonAPIError, ConditionAPIError, asked+" failed: "+f.String()+".")
	}
	return s
}
