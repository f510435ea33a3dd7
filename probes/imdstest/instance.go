package imdstest

import (
	"strings"
	"time"
)

// Instance is the one description of the simulated instance; all that IMDS says of
// it follows from these values, so that they agree. The zero value has no instance
// profile; see [HealthyInstance].
type Instance struct {
	// ID is the instance id, i-….
	ID string
	// Type is the instance type, ImageID the id of its AMI.
	Type, ImageID string
	// Zone is the Availability Zone; the region is the zone's.
	Zone string
	// PrivateIP is the IPv4 address, MAC the address of the one network interface.
	PrivateIP, MAC string
	// Hostname is the private DNS name; the empty one follows from PrivateIP and Zone.
	Hostname string
	// AccountID is the owner's, as it is in the ARN of the profile.
	AccountID string
	// UserData is what user-data holds; an empty one is answered with 404.
	UserData string
	// Profile is the associated instance profile; nil for none.
	Profile *Profile
	// TokensOptional lets requests without a token through (HttpTokens=optional).
	TokensOptional bool
	// Disabled answers everything with 403 (HttpEndpoint=disabled).
	Disabled bool
	// SlashRedirect answers a directory that is asked without its trailing slash
	// with 301, as instances of earlier generations do.
	SlashRedirect bool
	// HopLimit is the IP TTL of the token's answer on a real socket; 0 leaves the
	// system's.
	HopLimit int
	// ClockAhead is how far IMDS's clock is ahead of the simulator's.
	ClockAhead time.Duration
}

// Region returns the region of the Zone.
func (i Instance) Region() string { return strings.TrimRight(i.Zone, "abcdefghijklmnopqrstuvwxyz") }

// hostname is Hostname, or the name that EC2 makes of an address and a region.
func (i Instance) hostname() string {
	if i.Hostname != "" {
		return i.Hostname
	}
	domain := i.Region() + ".compute.internal"
	if i.Region() == "us-east-1" {
		domain = "ec2.internal"
	}
	return "ip-" + strings.ReplaceAll(i.PrivateIP, ".", "-") + "." + domain
}

// Profile is an instance profile, as IMDS shows it.
type Profile struct {
	ARN, ID string
	// Code and Message are those of iam/info; the empty Code is Success.
	Code, Message string
	// Role is the name in the listing; empty for an empty listing.
	Role string
	// NoListing answers 404 for the listing.
	NoListing bool
	// Extended serves iam/security-credentials-extended/ too, which most instances
	// answer with 404.
	Extended bool
	// RoleCode and RoleMessage are those of the role's document; the empty Code is
	// Success, with Keys.
	RoleCode, RoleMessage string
	// Keys are what the role's document holds.
	Keys Keys
}

// The names of the healthy instance.
const (
	Hostname   = "ip-10-237-0-21.ec2.internal"
	AccountID  = "123456789012"
	ProfileARN = "arn:aws:iam::123456789012:instance-profile/app-profile"
	ProfileID  = "AIPAVMQT32F2Q43IXV2TC"
	Role       = "app"
)

// HealthyInstance returns an instance with a profile, a role and fresh keys.
func HealthyInstance() Instance {
	return Instance{
		ID: "i-0123456789abcdef0", Type: "m7i.large", ImageID: "ami-0abcdef1234567890",
		Zone: "us-east-1a", PrivateIP: "10.237.0.21", MAC: "0e:49:61:0f:c3:11",
		AccountID: AccountID,
		Profile: &Profile{
			ARN: ProfileARN, ID: ProfileID, Role: Role,
			Keys: Keys{Lifetime: Lifetime, Every: RefreshEvery},
		},
	}
}
