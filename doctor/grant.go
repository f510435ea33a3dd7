package doctor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

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
	Action    any
	Resource  string
	Condition map[string]map[string]any `json:",omitempty"`
}

// allowPolicy is the policy that allows the actions on the resource.
func allowPolicy(resource string, actions ...string) policyDocument {
	s := policyStatement{Effect: "Allow", Action: actions, Resource: resource}
	if len(actions) == 1 {
		s.Action = actions[0]
	}
	return policyDocument{policyVersion, []policyStatement{s}}
}

// passPolicy is the policy that allows the role to be passed to EC2, under
// whatever name it has in the partition, and to nobody else.
func passPolicy(role, partition string) policyDocument {
	p := allowPolicy(role, passRole)
	var to any = EC2Services(partition)
	if services := EC2Services(partition); len(services) == 1 {
		to = services[0]
	}
	p.Statement[0].Condition = map[string]map[string]any{"StringEquals": {passedTo: to}}
	return p
}

// grantSteps says how to give the caller the report's policy, under this name.
func grantSteps(caller, policyName string) []probes.Step {
	save := probes.Step{Text: "Save the policy below as policy.json"}
	kind, name := principalOf(caller)
	switch {
	case kind == "user" && IsProfileName(name):
		return []probes.Step{save, {
			Text:    "Give it to the caller (or have the administrator do it)",
			Command: "aws iam put-user-policy --user-name CALLER_NAME --policy-name " + policyName + " --policy-document file://policy.json",
		}}
	case strings.HasPrefix(name, "AWSReservedSSO_"):
		return []probes.Step{{Text: "Add the policy below to the permission set behind " + clean(name) + " in IAM Identity Center"}}
	case kind == "assumed-role" && IsRoleName(name):
		return []probes.Step{save, {
			Text:    "Give it to the caller's role (or have the administrator do it)",
			Command: "aws iam put-role-policy --role-name CALLER_NAME --policy-name " + policyName + " --policy-document file://policy.json",
		}}
	}
	return []probes.Step{{Text: "Have the administrator add the policy below for the caller"}}
}

// principalOf splits the ARN of a caller into its kind and its name.
func principalOf(caller string) (kind, name string) {
	a, err := arn.Parse(caller)
	if err != nil {
		return "", ""
	}
	parts := strings.Split(a.Resource, "/")
	switch {
	case len(parts) == 1:
		return parts[0], parts[0]
	case parts[0] == "assumed-role":
		return parts[0], parts[1]
	}
	return parts[0], parts[len(parts)-1]
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
