package doctor

import (
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/imds-probe/imds-probe/probes"
)

// PolicyKind is the kind of policy that AWS names in a refusal. Each has another
// owner, and so another remedy.
type PolicyKind string

// The kinds of policy, in AWS's own words.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
const (
	// PolicyUnnamed means that the refusal names no kind.
	PolicyUnnamed PolicyKind = ""
	// PolicyIdentity is a policy of the user, of its groups, or of the role.
	PolicyIdentity PolicyKind = "identity-based policy"
	// PolicyBoundary is the permissions boundary of the user or role.
	PolicyBoundary PolicyKind = "permissions boundary"
	// PolicySession is the policy that a session was started with.
	PolicySession PolicyKind = "session policy"
	// PolicySCP is a service control policy of the organization.
	PolicySCP PolicyKind = "service control policy"
	// PolicyRCP is a resource control policy of the organization.
	PolicyRCP PolicyKind = "resource control policy"
	// PolicyResource is the policy of the resource.
	PolicyResource PolicyKind = "resource-based policy"
	// PolicyEndpoint is the policy of the VPC endpoint that the request went through.
	PolicyEndpoint PolicyKind = "VPC endpoint policy"
)

var policyKinds = []PolicyKind{
	PolicyIdentity, PolicyBoundary, PolicySession, PolicySCP, PolicyRCP, PolicyResource, PolicyEndpoint,
}

// Refusal is what AWS's own words say of a denied request. Its zero value says
// nothing.
type Refusal struct {
	// Action is the action that was denied, such as iam:PassRole.
	Action string
	// Resource is the ARN of what it was denied on, or empty: some services name
	// their resources in other ways.
	Resource string
	// Explicit means that a statement denies it, over which no Allow wins.
	Explicit bool
	// Kind is the kind of the policy that denies it, or that would have to allow it.
	Kind PolicyKind
	// Policy is the ARN of that policy, where AWS names it.
	Policy string
}

// maxRefusal is more than AWS writes, without the encoded message.
const maxRefusal = 4 << 10

var (
	refusedAction = regexp.MustCompile(`not authorized to perform: ([a-z0-9-]{1,64}:[A-Za-z0-9]{1,128})`)
	refusedOn     = regexp.MustCompile(`on resource: (arn:\S+)`)
	refusedBy     = regexp.MustCompile(`(?:because no|with an explicit deny in an?) ([A-Za-z -]{1,40}?)(?: allows\b|: (arn:\S+)|[.,;]|$|\s+Encoded\b)`)
)

// parseRefusal reads the message of an AccessDenied or UnauthorizedOperation.
// ok is false where it names no action: what AWS does not say is not guessed.
func parseRefusal(message string) (r Refusal, ok bool) {
	message = message[:min(len(message), maxRefusal)]
	action := refusedAction.FindStringSubmatch(message)
	if action == nil {
		return Refusal{}, false
	}
	r = Refusal{Action: action[1], Explicit: strings.Contains(message, "with an explicit deny")}
	if on := refusedOn.FindStringSubmatch(message); on != nil && arn.IsARN(on[1]) {
		r.Resource = strings.TrimRight(on[1], ".,;")
	}
	if by := refusedBy.FindStringSubmatch(message); by != nil {
		r.Kind = policyKind(by[1])
		if arn.IsARN(by[2]) {
			r.Policy = clean(strings.TrimRight(by[2], ".,;"))
		}
	}
	return r, true
}

// policyKind returns the kind that the words name; whatever else stands there is
// no kind.
func policyKind(words string) PolicyKind {
	for _, k := range policyKinds {
		if strings.EqualFold(strings.TrimSpace(words), string(k)) {
			return k
		}
	}
	return PolicyUnnamed
}

// limited tells whether adding a policy to the caller is no remedy: a statement
// denies it, or the policy that would have to allow it is somebody else's.
func (r Refusal) limited() bool {
	return r.Explicit || (r.Kind != PolicyUnnamed && r.Kind != PolicyIdentity)
}

// words says which policy refuses, as far as AWS does.
func (r Refusal) words() string {
	policy := ""
	if r.Policy != "" {
		policy = " (" + r.Policy + ")"
	}
	switch {
	case r.Explicit && r.Kind == PolicyUnnamed:
		return "a statement denies it"
	case r.Explicit:
		return "an explicit deny in " + article(r.Kind) + policy
	case r.Kind == PolicyUnnamed:
		return "AWS does not say which policy is missing"
	}
	return "no " + string(r.Kind) + " allows it" + policy
}

func article(k PolicyKind) string {
	if strings.ContainsAny(string(k[0]), "ia") {
		return "an " + string(k)
	}
	return "a " + string(k)
}

// lift says who can lift what a policy to add would not.
func (r Refusal) lift() []probes.Step {
	what := r.Action
	if r.Resource != "" {
		what += " on " + r.Resource
	}
	change := "allow " + what + " in"
	if r.Explicit {
		change = "narrow the statement that denies " + what + " in"
	}
	which := ""
	if r.Policy != "" {
		which = " (" + r.Policy + ")"
	}
	switch r.Kind {
	case PolicySCP, PolicyRCP:
		return oneStep("Ask the administrators of the organization to " + change + " its " + strings.TrimSuffix(string(r.Kind), "y") + "ies" + which + "; no policy of this account helps")
	case PolicyBoundary:
		return oneStep("Ask whoever manages the permissions boundary to " + change + " it" + which + "; a policy of the user or role alone does not help")
	case PolicySession:
		return oneStep("Start the session with a session policy that allows " + what + ", or without one; a policy of the role alone does not help")
	case PolicyEndpoint:
		return oneStep("Ask the owner of the VPC endpoint to " + change + " its policy, or send the request another way")
	case PolicyResource:
		return oneStep("Ask the owner of the resource to " + change + " its policy" + which)
	case PolicyIdentity, PolicyUnnamed:
	}
	return []probes.Step{
		{Text: "Ask an administrator of the account to " + change + " the policies of the user or role" + which + "; an explicit deny wins over every Allow"},
		{Text: "Or ask as a principal that the statement does not cover"},
	}
}

func oneStep(text string) []probes.Step { return []probes.Step{{Text: text}} }
