package doctor

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// FixTrust returns the policy with a statement added that lets the service assume
// the role. What was there stays, but for the principals in dropped: IAM would
// refuse the policy for them. ok is false where the policy cannot be read, and
// nothing can be kept.
func FixTrust(policy, service string) (fixed json.RawMessage, dropped []string, ok bool) {
	if _, err := parseTrust(policy); err != nil {
		return nil, nil, false
	}
	var document struct {
		Version   string `json:",omitempty"`
		ID        string `json:"Id,omitempty"`
		Statement many[json.RawMessage]
	}
	if json.Unmarshal([]byte(policy), &document) != nil {
		return nil, nil, false
	}
	if document.Version == "" {
		document.Version = policyVersion
	}
	kept := make([]json.RawMessage, 0, len(document.Statement)+1)
	for _, s := range document.Statement {
		statement, gone := withoutRefused(s)
		dropped = append(dropped, gone...)
		if statement != nil {
			kept = append(kept, statement)
		}
	}
	added := fmt.Sprintf(`{"Effect":"Allow","Principal":{"Service":%q},"Action":%q}`, service, assumeRole)
	document.Statement = append(kept, json.RawMessage(added))
	return compactJSON(document), unique(dropped), true
}

// rawStatement keeps what a statement says, in the order in which people write it.
type rawStatement struct {
	Sid                                        string `json:",omitempty"`
	Effect                                     string
	Principal                                  json.RawMessage `json:",omitempty"`
	NotPrincipal, Action, NotAction, Condition json.RawMessage `json:",omitempty"`
}

// withoutRefused returns a statement that allows something without the principals
// that IAM refuses, and those; nil if there is no other principal.
func withoutRefused(statement json.RawMessage) (kept json.RawMessage, dropped []string) {
	var s rawStatement
	var names map[string]many[string]
	if json.Unmarshal(statement, &s) != nil || s.Effect != "Allow" || json.Unmarshal(s.Principal, &names) != nil {
		return statement, nil
	}
	left := map[string]any{}
	for kind, all := range names {
		good := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return refusedPrincipal(kind, name) })
		for _, name := range all {
			if refusedPrincipal(kind, name) {
				dropped = append(dropped, name)
			}
		}
		if len(good) > 0 {
			left[kind] = oneOrAll(good)
		}
	}
	switch {
	case len(dropped) == 0:
		return statement, nil
	case len(left) == 0:
		return nil, dropped
	}
	s.Principal = compactJSON(left)
	return compactJSON(s), dropped
}

// refusedPrincipal tells whether IAM refuses the principal when the policy is put
// in place ("Invalid principal in policy"): a misspelt name of EC2, a service as an
// account, or a user or role that is gone, in whose place IAM shows an id that cannot be
// written back. What is not known to be wrong stays.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func refusedPrincipal(kind, name string) bool {
	switch kind {
	case "Service":
		return misspeltEC2(name)
	case "AWS":
		return name != "*" && !isAccount(name) && !arn.IsARN(name)
	}
	return false
}

// misspeltEC2 tells whether a name means EC2 and is none of its names: ec2 alone, in
// upper case, with a space, or under a domain that is none of AWS's.
func misspeltEC2(name string) bool {
	plain := strings.ToLower(strings.TrimSpace(name))
	if plain != "ec2" && !strings.HasPrefix(plain, "ec2.") {
		return false
	}
	return plain != name || !slices.ContainsFunc(partitions, func(p partition) bool { return strings.HasSuffix(plain, "."+p.suffix) })
}
