package probes

import (
	"fmt"
	"regexp"
	"time"
)

// Presence says whether an instance profile is expected.
type Presence uint8

// The expectations of a profile. The zero value is [ProfileRequired].
const (
	// ProfileRequired means that a missing profile is a fault.
	ProfileRequired Presence = iota
	// ProfileOptional means that a profile may be there or not.
	ProfileOptional
	// ProfileForbidden means that a profile is a fault.
	ProfileForbidden
)

var presenceNames = []string{
	ProfileRequired:  "required",
	ProfileOptional:  "optional",
	ProfileForbidden: "forbidden",
}

// String returns the value as the flag --expect.profile has it.
func (p Presence) String() string { return enumName("Presence", presenceNames, p) }

// MarshalText implements [encoding.TextMarshaler].
func (p Presence) MarshalText() ([]byte, error) { return enumText("presence", presenceNames, p) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (p *Presence) UnmarshalText(text []byte) (err error) {
	*p, err = enumParse[Presence]("presence", presenceNames, text)
	return err
}

// Policy is what answers are judged by. The zero value requires a profile,
// accepts any of them, and warns of nothing that has a limit.
type Policy struct {
	// Profile says whether a profile is expected.
	Profile Presence
	// ProfileARN and Role match the expected profile and role; nil matches all.
	ProfileARN, Role *regexp.Regexp
	// AllowServer matches the Server header of a known proxy; nil allows EC2ws only.
	AllowServer *regexp.Regexp
	// StallRatio is the share of a key's life that must be left; 0 is no limit.
	StallRatio float64
	// MaxSkew is how far the host clock may be from IMDS's; 0 is no limit.
	MaxSkew time.Duration
}

// DefaultPolicy returns the policy of the command's default flags.
func DefaultPolicy() Policy {
	return Policy{StallRatio: 0.75, MaxSkew: time.Minute}
}

// Anchored compiles a regular expression that must match the whole of a text.
// The empty expression gives nil, which matches all.
func Anchored(expr string) (*regexp.Regexp, error) {
	if expr == "" {
		return nil, nil //nolint:nilnil // nil is the pattern that matches all
	}
	re, err := regexp.Compile("^(?s:" + expr + ")$")
	if err != nil {
		return nil, fmt.Errorf("not a regular expression: %q", expr)
	}
	return re, nil
}

// serverName is what every answer of IMDS carries, whatever its status.
const serverName = "EC2ws"

// IsIMDS tells whether an answer came from IMDS or an allowed proxy.
func (p Policy) IsIMDS(e Exchange) bool {
	return e.Server == serverName || p.AllowServer != nil && p.AllowServer.MatchString(e.Server)
}

func matches(re *regexp.Regexp, s string) bool { return re == nil || re.MatchString(s) }
