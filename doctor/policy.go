package doctor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// maxPolicy is far above IAM's own limit for a trust policy, 4096 characters.
const maxPolicy = 64 << 10

// parseTrust reads a trust policy and refuses what IAM would refuse.
func parseTrust(policy string) ([]trustStatement, error) {
	if len(policy) > maxPolicy {
		return nil, fmt.Errorf("the policy is longer than %d bytes", maxPolicy)
	}
	var document struct {
		Statement many[trustStatement]
	}
	if err := json.Unmarshal([]byte(policy), &document); err != nil {
		return nil, fmt.Errorf("the policy cannot be read: %w", err)
	}
	for i, s := range document.Statement {
		if err := s.validate(); err != nil {
			return nil, fmt.Errorf("%s %w", s.name(i), err)
		}
	}
	return document.Statement, nil
}

// validate refuses a statement that IAM's grammar does not allow.
func (s trustStatement) validate() error {
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		return fmt.Errorf("has the effect %q", s.Effect)
	case (s.Principal == nil) == (s.NotPrincipal == nil):
		return errors.New("needs either Principal or NotPrincipal")
	case (s.Action == nil) == (s.NotAction == nil):
		return errors.New("needs either Action or NotAction")
	}
	return nil
}

// many is what a policy may write as one value or as a list of them.
type many[T any] []T

// UnmarshalJSON implements [json.Unmarshaler].
func (m *many[T]) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte("[")) {
		return json.Unmarshal(text, (*[]T)(m))
	}
	var one T
	if err := json.Unmarshal(text, &one); err != nil {
		return err
	}
	*m = many[T]{one}
	return nil
}

// principal is who a statement is about: everybody, or names by their kind.
type principal struct {
	everybody bool
	names     map[string]many[string]
}

// UnmarshalJSON implements [json.Unmarshaler].
func (p *principal) UnmarshalJSON(text []byte) error {
	var all string
	if json.Unmarshal(text, &all) == nil {
		if all != "*" {
			return fmt.Errorf("the principal %q is neither * nor an object", all)
		}
		p.everybody = true
		return nil
	}
	if err := json.Unmarshal(text, &p.names); err != nil {
		return err
	}
	for kind := range p.names {
		switch kind {
		case "AWS", "Service", "Federated", "CanonicalUser":
		default:
			return fmt.Errorf("there is no principal of kind %q", kind)
		}
	}
	return nil
}

// covers tells whether one of the services is among those named. {"AWS": "*"}
// is the same as "*" in IAM. A wildcard inside a name covers nothing: IAM does
// not expand it.
func (p *principal) covers(services []string) bool {
	if p.everybody {
		return true
	}
	if slices.Contains(p.names["AWS"], "*") {
		return true
	}
	return slices.ContainsFunc(p.names["Service"], func(name string) bool { return slices.Contains(services, name) })
}

// list returns all names, of whatever kind.
func (p *principal) list() (all []string) {
	for _, names := range p.names {
		all = append(all, names...)
	}
	return all
}

// glob matches s against a pattern of IAM: * for any characters, ? for one. It
// takes time proportional to the product of the lengths, whatever the pattern.
func glob(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
