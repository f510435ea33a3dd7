package doctor

import (
	"fmt"
	"strings"
)

// Ref is how people name a thing in IAM: by its name, or by its ARN.
type Ref struct {
	Name string
	// ARN is empty where only the name was given.
	ARN string
}

// String returns the reference as it was given.
func (r Ref) String() string {
	if r.ARN != "" {
		return r.ARN
	}
	return r.Name
}

// ParseRole reads the name or ARN of a role.
func ParseRole(s string) (Ref, error) { return parseRef(s, "role", IsRoleName) }

// ParseProfile reads the name or ARN of an instance profile.
func ParseProfile(s string) (Ref, error) { return parseRef(s, "instance-profile", IsProfileName) }

func parseRef(s, kind string, valid func(string) bool) (Ref, error) {
	what := strings.ReplaceAll(kind, "-", " ")
	if !looksLikeARN(s) {
		if !valid(s) {
			return Ref{}, fmt.Errorf("not the name or ARN of %s", aOrAn(what))
		}
		return Ref{Name: s}, nil
	}
	a := parsed(s)
	path, found := strings.CutPrefix(a.Resource, kind+"/")
	name := path[strings.LastIndex(path, "/")+1:]
	if a.Service != "iam" || !found || !isAccount(a.AccountID) || !valid(name) || printable(s) != s {
		return Ref{}, fmt.Errorf("not the ARN of %s, such as arn:aws:iam::123456789012:%s/NAME", aOrAn(what), kind)
	}
	return Ref{name, s}, nil
}

// ParsePrincipal reads the ARN of a user, a role or a session.
func ParsePrincipal(s string) (string, error) {
	a := parsed(s)
	kind, name := principalOf(s)
	known := map[string]string{"user": "iam", "role": "iam", "root": "iam", "assumed-role": "sts", "federated-user": "sts"}
	if a.Service == "" || known[kind] != a.Service || !isAccount(a.AccountID) || (kind != "root" && !IsProfileName(name)) || printable(s) != s {
		return "", fmt.Errorf("not the ARN of a user or role, such as arn:aws:iam::123456789012:role/NAME")
	}
	return s, nil
}

// ParseInstance reads the id or ARN of an instance; the ARN names its region too.
func ParseInstance(s string) (id, region string, err error) {
	if IsInstanceID(s) {
		return s, "", nil
	}
	a := parsed(s)
	id, found := strings.CutPrefix(a.Resource, "instance/")
	if a.Service != "ec2" || !found || !IsInstanceID(id) || !IsRegion(a.Region) {
		return "", "", fmt.Errorf("not the id of an instance, such as i-0123456789abcdef0, or its ARN")
	}
	return id, a.Region, nil
}

// looksLikeARN tells an ARN from a name, which has no colon, even if it is
// spelled as no ARN is.
func looksLikeARN(s string) bool { return len(s) >= 4 && strings.EqualFold(s[:4], "arn:") }

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

func aOrAn(what string) string {
	if strings.HasPrefix(what, "i") {
		return "an " + what
	}
	return "a " + what
}

// elsewhere returns the step for an ARN of another partition or account, of which
// the caller's IAM knows nothing. ok is false where it is the caller's, or a name.
func (c Caller) elsewhere(name string, r Ref) (s Step, ok bool) {
	switch {
	case r.ARN == "" || c.Account == "":
		return Step{}, false
	case partitionOf(r.ARN) != c.Partition:
		return failed(name, "", reasonOtherPartition,
			fmt.Sprintf("%s is in partition %s, and you are in partition %s", r.ARN, partitionOf(r.ARN), c.Partition), ConditionOtherPartition), true
	case accountOf(r.ARN) != c.Account:
		return failed(name, "", reasonOtherAccount,
			fmt.Sprintf("%s is in another account than yours, %s", r.ARN, c.Account), ConditionOtherAccount), true
	}
	return Step{}, false
}
