package doctor

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// Report is the outcome of one topic: the ladder and its one verdict.
type Report struct {
	Topic     string          `json:"topic"`
	Target    string          `json:"target"`
	Caller    string          `json:"caller"`
	Condition Condition       `json:"condition"`
	Severity  probes.Severity `json:"severity"`
	Title     string          `json:"title"`
	Summary   string          `json:"summary"`
	Meaning   string          `json:"meaning"`
	Remedy    []string        `json:"remedy"`
	// Policy is the policy document to put in place, if the remedy needs one.
	Policy    json.RawMessage `json:"policy,omitempty"`
	Doc       string          `json:"doc"`
	CheckedAt time.Time       `json:"checked_at"`
	Steps     []Step          `json:"steps"`

	remedy []probes.Step
}

// ExitCode returns the exit code of the monitoring-plugin convention: 0 ok,
// 1 warning, 2 critical, 3 unknown.
func (r Report) ExitCode() int { return r.Severity.ExitCode() }

// nothingAsked tells whether the caller itself is the problem, so that the
// ladder has nothing to show.
func (r Report) nothingAsked() bool {
	return len(r.Steps) > 0 && r.Steps[0].Name == stepCaller && r.Steps[0].finding != nil
}

// names are what the placeholders in a remedy's commands stand for.
type names map[placeholder]string

// placeholder is a word in a command that stands for a name. The first four are
// those of the catalogue in package probes.
type placeholder string

const (
	theInstance     placeholder = "INSTANCE_ID"
	theAssociation  placeholder = "ASSOCIATION_ID"
	theProfile      placeholder = "PROFILE"
	theRole         placeholder = "ROLE"
	theOtherRole    placeholder = "OTHER_ROLE"
	theExpectedRole placeholder = "EXPECTED_ROLE"
	theCaller       placeholder = "CALLER_NAME"
)

var placeholders = regexp.MustCompile(`\b(?:INSTANCE_ID|ASSOCIATION_ID|OTHER_ROLE|EXPECTED_ROLE|CALLER_NAME|PROFILE|ROLE)\b`)

// fill replaces the placeholders of a step in one pass, so that a name which
// looks like one is left alone. What cannot be a name leaves the placeholder: a
// command that people copy must not carry what a hostile answer put there.
func (n names) fill(s probes.Step) probes.Step {
	s.Command = placeholders.ReplaceAllStringFunc(s.Command, func(word string) string {
		if name := n[placeholder(word)]; IsProfileName(name) && name != "." && name != ".." {
			return name
		}
		return word
	})
	return s
}

// conclude chooses the verdict of a ladder: the most severe finding, and the
// first one among equals, since the root of a fault comes before its symptoms.
// Without any it is the given condition.
func conclude(r Report, n names, healthy finding) Report {
	for i := range r.Steps {
		r.Steps[i] = r.Steps[i].tame()
	}
	r.Caller = printable(r.Caller)
	verdict := healthy
	if i := root(r.Steps); i >= 0 {
		verdict = *r.Steps[i].finding
		verdict.summary = cmp.Or(verdict.summary, sentence(r.Steps[i].Answer))
	}
	if verdict.condition == ConditionLacking {
		lacking := lacks(r.Steps)
		verdict.summary = "The caller lacks " + strings.Join(lacking, ", ") + ", so this cannot be decided."
		verdict.policy = allowPolicy("*", lacking...)
		verdict.remedy = grantSteps(r.Caller, "iam-doctor")
	}
	_, n[theCaller] = principalOf(r.Caller)
	entry, _ := Explain(verdict.condition)
	r.Condition, r.Severity = entry.Condition, entry.Severity
	r.Title, r.Meaning, r.Doc = entry.Title, entry.Meaning, entry.Doc
	r.Summary = printable(cmp.Or(verdict.summary, entry.Meaning))
	if verdict.remedy == nil {
		verdict.remedy = entry.Remedy
	}
	r.Remedy = []string{}
	for _, step := range verdict.remedy {
		step = n.fill(probes.Step{Text: printable(step.Text), Command: printable(step.Command)})
		r.remedy = append(r.remedy, step)
		r.Remedy = append(r.Remedy, step.String())
	}
	if verdict.policy != nil {
		r.Policy = compactJSON(verdict.policy)
	}
	return r
}

// root returns the index of the step whose finding is the verdict, or -1.
func root(steps []Step) int {
	best, worst := -1, -1
	for i, s := range steps {
		if s.finding == nil {
			continue
		}
		if e, _ := Explain(s.finding.condition); rank(e.Severity) > worst {
			best, worst = i, rank(e.Severity)
		}
	}
	return best
}

// lacks returns the permissions that the ladder lacked, sorted.
func lacks(steps []Step) []string {
	var all []string
	for _, s := range steps {
		if s.Lacks != "" && s.finding != nil {
			all = append(all, s.Lacks)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// sentence turns a step's answer into one.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
