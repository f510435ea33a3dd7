package doctor

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Trust says whether a role's trust policy lets EC2 assume the role. The zero
// value is [TrustMalformed]: nothing can be said.
type Trust uint8

// What a trust policy says.
const (
	// TrustMalformed means that the document is not a trust policy.
	TrustMalformed Trust = iota
	// TrustAllows means that a statement allows it and none denies it.
	TrustAllows
	// TrustDepends means that it depends on the condition of a statement.
	TrustDepends
	// TrustDenies means that a statement denies it.
	TrustDenies
	// TrustSilent means that no statement allows it.
	TrustSilent
)

var trustNames = []string{"malformed", "allows", "depends", "denies", "silent"}

// String returns the name of the trust.
func (t Trust) String() string {
	if int(t) < len(trustNames) {
		return trustNames[t]
	}
	return fmt.Sprintf("Trust(%d)", uint8(t))
}

// Ruling is what a trust policy says of sts:AssumeRole by EC2, and why.
type Ruling struct {
	Trust Trust
	// Detail names the statement that decides, or what comes closest.
	Detail string
}

const assumeRole = "sts:AssumeRole"

// EvaluateTrust evaluates a trust policy as IAM does for sts:AssumeRole by one
// of the services, which are EC2's names in a partition: an explicit deny wins
// over every allow, and what nothing allows is denied. Conditions cannot be
// evaluated from here, so a statement with one that matches otherwise makes the
// ruling depend on it.
func EvaluateTrust(policy string, services []string) Ruling {
	statements, err := parseTrust(policy)
	if err != nil {
		return Ruling{TrustMalformed, clean(err.Error())}
	}
	var allows, denies, maybeAllows, maybeDenies []string
	for i, s := range statements {
		if !s.concerns(services) {
			continue
		}
		name := s.name(i)
		switch {
		case s.Effect == "Deny" && s.conditional():
			maybeDenies = append(maybeDenies, name+s.conditionKeys())
		case s.Effect == "Deny":
			denies = append(denies, name)
		case s.conditional():
			maybeAllows = append(maybeAllows, name+s.conditionKeys())
		default:
			allows = append(allows, name)
		}
	}
	switch {
	case len(denies) > 0:
		return Ruling{TrustDenies, strings.Join(denies, ", ") + " denies it"}
	case len(allows) > 0 && len(maybeDenies) > 0:
		return Ruling{TrustDepends, allows[0] + " allows it, unless " + maybeDenies[0] + " denies it"}
	case len(allows) > 0:
		return Ruling{TrustAllows, allows[0] + " allows it"}
	case len(maybeAllows) > 0:
		return Ruling{TrustDepends, maybeAllows[0] + " allows it only when its condition holds"}
	}
	return Ruling{TrustSilent, nearest(statements, services)}
}

// nearest says what the policy allows instead.
func nearest(statements []trustStatement, services []string) string {
	var others []string
	for i, s := range statements {
		if s.Effect != "Allow" {
			continue
		}
		if s.principalMatches(services) {
			return s.name(i) + " names EC2, but not for " + assumeRole
		}
		if s.Principal != nil && s.actionMatches() {
			others = append(others, s.Principal.list()...)
		}
	}
	if len(others) == 0 {
		return "no statement allows anybody " + assumeRole
	}
	slices.Sort(others)
	others = slices.Compact(others)
	return clean("it trusts " + strings.Join(others, ", ") + ", not " + services[0])
}

// trustStatement is one statement of a trust policy.
type trustStatement struct {
	Sid          string
	Effect       string
	Principal    *principal
	NotPrincipal *principal
	Action       many[string]
	NotAction    many[string]
	Condition    map[string]map[string]json.RawMessage
}

// concerns tells whether the statement is about EC2 assuming the role,
// whatever its condition.
func (s trustStatement) concerns(services []string) bool {
	return s.principalMatches(services) && s.actionMatches()
}

func (s trustStatement) principalMatches(services []string) bool {
	if s.NotPrincipal != nil {
		return !s.NotPrincipal.covers(services)
	}
	return s.Principal.covers(services)
}

func (s trustStatement) actionMatches() bool {
	if s.NotAction != nil {
		return !slices.ContainsFunc(s.NotAction, isAssumeRole)
	}
	return slices.ContainsFunc(s.Action, isAssumeRole)
}

// isAssumeRole tells whether an action's pattern covers sts:AssumeRole. Actions
// are compared without regard to case.
func isAssumeRole(pattern string) bool {
	return glob(strings.ToLower(pattern), strings.ToLower(assumeRole))
}

func (s trustStatement) conditional() bool { return len(s.Condition) > 0 }

// conditionKeys names the keys that the condition looks at.
func (s trustStatement) conditionKeys() string {
	var keys []string
	for _, byKey := range s.Condition {
		for key := range byKey {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return " (" + clean("condition on "+strings.Join(slices.Compact(keys), ", ")) + ")"
}

func (s trustStatement) name(i int) string {
	if s.Sid != "" {
		return fmt.Sprintf("statement %d (%s)", i+1, clean(s.Sid))
	}
	return fmt.Sprintf("statement %d", i+1)
}
