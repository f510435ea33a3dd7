package doctor

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/imds-probe/imds-probe/probes"
)

const policyVersion = "2012-10-17"

// policyDocument is a policy to add, in the order in which people write one.
type policyDocument struct {
	Version   string
	Statement []policyStatement
}

type policyStatement struct {
	Effect    string
	Action    string
	Resource  any
	Condition map[string]map[string]any `json:",omitempty"`
}

// oneOrAll writes a list of one as that one, as people do.
func oneOrAll(words []string) any {
	if len(words) == 1 {
		return words[0]
	}
	return words
}

// allowStatement allows the action on the resources, and nothing else.
func allowStatement(resources []string, action string) policyStatement {
	return policyStatement{Effect: "Allow", Action: action, Resource: oneOrAll(resources)}
}

// allowing makes the statement that allows the action on what is denied.
func allowing(action string) func(resources []string) policyStatement {
	return func(resources []string) policyStatement { return allowStatement(resources, action) }
}

// passStatement allows roles to be passed to EC2, under whatever name it has in
// the partition, and to nobody else.
func passStatement(partition string) func(roles []string) policyStatement {
	return func(roles []string) policyStatement {
		s := allowStatement(roles, passRole)
		s.Condition = map[string]map[string]any{"StringEquals": {passedTo: oneOrAll(EC2Services(partition))}}
		return s
	}
}

// grant is what a remedy gives to one principal, all at once.
type grant struct {
	to         string
	statements []policyStatement
}

// maxOperations is how much of a policy's name may be names of operations: IAM allows
// 128 characters in all, and the option fits a line.
const maxOperations = 40

// name is the name of the policy: what it allows, and a sum over all of it, since a
// policy of the same name that was given before would be replaced.
func (g grant) name() string {
	var operations []string
	for _, s := range g.statements {
		_, operation, _ := strings.Cut(s.Action, ":")
		operations = append(operations, operation)
	}
	allows := strings.Join(unique(operations), "-")
	if len(allows) > maxOperations {
		allows = "iam-doctor"
	}
	sum := sha256.Sum256(compactJSON(g.statements))
	return "allow-" + allows + "-" + hex.EncodeToString(sum[:4])
}

// steps says how to give the principal the policy, saved as the file.
func (g grant) steps(file string) []probes.Step {
	save := probes.Step{Text: "Save the policy below as " + file}
	kind, name := principalOf(g.to)
	command := func(operation, flag string) string {
		return "aws iam " + operation + " " + flag + " " + name + " --policy-name " + g.name() + " --policy-document file://" + file
	}
	switch {
	case strings.HasPrefix(name, "AWSReservedSSO_"):
		return []probes.Step{{Text: "Add the policy below to the permission set behind " + clean(name) + " in IAM Identity Center"}}
	case kind == "user" && IsProfileName(name):
		return []probes.Step{save, {Text: "Give it to the user, or ask an administrator to", Command: command("put-user-policy", "--user-name")}}
	case (kind == "assumed-role" || kind == "role") && IsRoleName(name):
		return []probes.Step{save, {Text: "Give it to the role, or ask an administrator to", Command: command("put-role-policy", "--role-name")}}
	}
	return []probes.Step{{Text: "Ask an administrator to add the policy below for " + clean(g.to)}}
}

// principalOf splits the ARN of a caller into its kind and its name, which the root
// user does not have.
func principalOf(caller string) (kind, name string) {
	kind, path, _ := strings.Cut(parsed(caller).Resource, "/")
	if kind == "assumed-role" {
		name, _, _ = strings.Cut(path, "/")
		return kind, name
	}
	return kind, path[strings.LastIndex(path, "/")+1:]
}

// compactJSON marshals a policy without escaping what HTML would, but with
// everything escaped that a terminal would not show.
func compactJSON(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return nil
	}
	var shown bytes.Buffer
	for _, r := range strings.TrimSpace(b.String()) {
		if unicode.IsPrint(r) {
			shown.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&shown, `\u%04x`, unit)
		}
	}
	return shown.Bytes()
}
