package probes

import (
	"regexp"
	"strings"
)

// maxNameLength is IAM's own limit for the names of instance profiles; roles may
// have 64 characters.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxNameLength = 128

// The length is checked apart: a bounded repetition makes a program of as many
// copies, which each start of the daemon would pay for.
var (
	iamName    = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]+$`)
	profileARN = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:instance-profile/(?:[!-~]+/)?([A-Za-z0-9_+=,.@-]+)$`)
)

// IsIAMName tells whether s can be the name of a role or instance profile. The
// names "." and ".." are refused: they would change the path of a request.
func IsIAMName(s string) bool {
	return len(s) <= maxNameLength && iamName.MatchString(s) && s != "." && s != ".."
}

// ProfileName returns the name at the end of an instance profile's ARN, or ""
// if arn is not one.
func ProfileName(arn string) string {
	m := profileARN.FindStringSubmatch(strings.TrimSpace(arn))
	if m == nil || len(m[1]) > maxNameLength {
		return ""
	}
	return m[1]
}
