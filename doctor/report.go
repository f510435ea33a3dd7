package doctor

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// Report is the outcome of one topic: its one verdict, and the ladder.
type Report struct {
	Topic     string          `json:"topic"`
	Target    string          `json:"target"`
	Caller    string          `json:"caller"`
	Condition Condition       `json:"condition"`
	Severity  probes.Severity `json:"severity"`
	Title     string          `json:"title"`
	Summary   string          `json:"summary"`
	Meaning   string          `json:"meaning"`
	// Findings is all that the ladder found, the verdict first. The remedy is for
	// all of them.
	Findings []Finding `json:"findings"`
	Remedy   []Remedy  `json:"remedy"`
	// Policies are the policy documents that the remedy puts in place.
	Policies  []PolicyFile `json:"policies"`
	Doc       string       `json:"doc"`
	CheckedAt time.Time    `json:"checked_at"`
	Steps     []Step       `json:"steps"`
}

// Finding is one thing that the ladder holds against its target.
type Finding struct {
	Condition Condition       `json:"condition"`
	Severity  probes.Severity `json:"severity"`
	// Step is the step of the ladder that found it.
	Step    string `json:"step"`
	Summary string `json:"summary"`
}

// Remedy is one step of a remedy: what to do, and the command for it, or "".
type Remedy struct {
	Text    string `json:"text"`
	Command string `json:"command"`
}

// PolicyFile is a policy document, under the name that the remedy's commands have.
type PolicyFile struct {
	File     string          `json:"file"`
	Document json.RawMessage `json:"document"`
}

// ExitCode returns the exit code of the monitoring-plugin convention: 0 ok,
// 1 warning, 2 critical, 3 unknown.
func (r Report) ExitCode() int { return r.Severity.ExitCode() }

// nothingAsked tells whether the first step is the problem, so that the ladder
// has nothing to show.
func (r Report) nothingAsked() bool {
	return len(r.Steps) > 0 && r.Steps[0].finding != nil
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
	theImage        placeholder = "IMAGE_ID"
)

var placeholders = regexp.MustCompile(`\b(?:INSTANCE_ID|ASSOCIATION_ID|OTHER_ROLE|EXPECTED_ROLE|IMAGE_ID|PROFILE|ROLE)\b`)

// fill replaces the placeholders of a command in one pass, so that a name which
// looks like one is left alone. What cannot be a name leaves the placeholder: a
// command that people copy must not carry what a hostile answer put there.
func (n names) fill(command string) string {
	return placeholders.ReplaceAllStringFunc(command, func(word string) string {
		if name := n[placeholder(word)]; IsProfileName(name) {
			return name
		}
		return word
	})
}

// conclude chooses the verdict of a ladder: the most severe finding, and the
// first one among equals, since the root of a fault comes before its symptoms.
// Without any it is the given condition.
func conclude(r Report, n names, healthy finding) Report {
	for i := range r.Steps {
		r.Steps[i] = r.Steps[i].tame()
	}
	r.Caller = printable(r.Caller)
	found := findings(r.Steps)
	verdict := healthy
	if len(found) > 0 {
		verdict = found[0]
	}
	entry := verdict.entry()
	r.Condition, r.Severity = entry.Condition, entry.Severity
	r.Title, r.Meaning, r.Doc = entry.Title, entry.Meaning, entry.Doc
	r.Summary = printable(cmp.Or(verdict.summary, entry.Meaning))
	r.Findings = []Finding{}
	for _, f := range found {
		e := f.entry()
		r.Findings = append(r.Findings, Finding{e.Condition, e.Severity, f.step, printable(cmp.Or(f.summary, e.Meaning))})
	}
	if len(found) == 0 {
		found = []finding{healthy}
	}
	r.Remedy, r.Policies = remedyFor(found, n, r.Caller)
	return r
}

// findings returns what the steps found, the most severe first, and for the rest
// in the order of the ladder. Permissions to look that are lacking are one finding.
func findings(steps []Step) (found []finding) {
	lacking := -1
	for _, s := range steps {
		if s.finding == nil {
			continue
		}
		f := *s.finding
		f.step, f.summary = s.Name, cmp.Or(f.summary, sentence(s.Answer))
		if f.condition != ConditionLacking {
			found = append(found, f)
			continue
		}
		if lacking < 0 {
			lacking = len(found)
			f.summary = fmt.Sprintf("The caller lacks %s, so this cannot be decided.", strings.Join(lacks(steps), ", "))
			found = append(found, f)
			continue
		}
		found[lacking].grants = slices.Concat(found[lacking].grants, f.grants)
		found[lacking].remedy = slices.Concat(found[lacking].remedy, f.remedy)
	}
	slices.SortStableFunc(found, func(a, b finding) int { return b.severity().Rank() - a.severity().Rank() })
	return found
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

// sentence turns a step's answer into one. What is written as it is, such as an ARN
// or an action, is left alone.
func sentence(s string) string {
	first, _, _ := strings.Cut(s, " ")
	if s == "" || strings.Contains(strings.TrimSuffix(first, ":"), ":") {
		return s + "."
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
