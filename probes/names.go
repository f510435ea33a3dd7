package probes

import (
	"regexp"
	"strings"
)

// IAM's own rule for the names of roles and instance profiles: up to 64 (roles)
// or 128 (profiles) characters of these.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
var (
	iamName    = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,128}$`)
	profileARN = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:instance-profile/(?:[!-~]+/)?([A-Za-z0-9_+=,.@-]{1,128})$`)
)

// IsIAMName tells whether s can be the name of a role or instance profile. The
// names "." and ".." are refused: they would change the path of a request.
func IsIAMName(s string) bool {
	return iamName.MatchString(s) && s != "." && s != ".."
}

// ProfileName returns the name at the end of an instance profile's ARN, or ""
// if arn is not one.
func ProfileName(arn string) string {
	m := profileARN.FindStringSubmatch(strings.TrimSpace(arn))
	if m == nil {
		return ""
	}
	return m[1]
}
