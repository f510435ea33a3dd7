package doctor

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/imds-probe/imds-probe/probes"
)

// The rules of IAM and EC2 for names, so that nothing else gets into a request,
// a command that people copy, or a terminal.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
var (
	roleName     = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
	instanceID   = regexp.MustCompile(`^i-[0-9a-f]{8,17}$`)
	imageID      = regexp.MustCompile(`^ami-[0-9a-f]{8,17}$`)
	subnetID     = regexp.MustCompile(`^subnet-[0-9a-f]{8,17}$`)
	groupID      = regexp.MustCompile(`^sg-[0-9a-f]{8,17}$`)
	keyName      = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,255}$`)
	instanceType = regexp.MustCompile(`^[a-z0-9-]{1,32}\.[a-z0-9-]{1,32}$`)
	regionName   = regexp.MustCompile(`^[a-z]{2,8}(-[a-z]{2,16}){1,3}-[0-9]{1,2}$`)
	actionName   = regexp.MustCompile(`^[a-z0-9-]{1,64}:[A-Za-z0-9]{1,128}$`)
	uniqueID     = regexp.MustCompile(`^[A-Za-z0-9]{16,128}$`)
)

// IsRoleName tells whether s can be the name of an IAM role.
func IsRoleName(s string) bool { return roleName.MatchString(s) }

// IsProfileName tells whether s can be the name of an instance profile.
func IsProfileName(s string) bool { return probes.IsIAMName(s) }

// IsInstanceID tells whether s can be the id of an instance.
func IsInstanceID(s string) bool { return instanceID.MatchString(s) }

// IsImageID tells whether s can be the id of an image.
func IsImageID(s string) bool { return imageID.MatchString(s) }

// IsSubnetID tells whether s can be the id of a subnet.
func IsSubnetID(s string) bool { return subnetID.MatchString(s) }

// IsSecurityGroupID tells whether s can be the id of a security group.
func IsSecurityGroupID(s string) bool { return groupID.MatchString(s) }

// IsKeyName tells whether s can be the name of a key pair that needs no quotes.
func IsKeyName(s string) bool { return keyName.MatchString(s) }

// IsInstanceType tells whether s can be the name of an instance type.
func IsInstanceType(s string) bool { return instanceType.MatchString(s) }

// IsRegion tells whether s can be the name of a region.
func IsRegion(s string) bool { return regionName.MatchString(s) }

// printable replaces what could steer a terminal or hide text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, s)
}
