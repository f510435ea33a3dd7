package probes_test

import (
	"strings"
	"testing"

	"imds-probe/probes"
)

// setFlag applies one of a scenario's flags to a policy.
func setFlag(t *testing.T, policy *probes.Policy, arg string) {
	t.Helper()
	name, value, _ := strings.Cut(arg, "=")
	pattern, err := probes.Anchored(value)
	switch name {
	case "--expect.profile":
		err = policy.Profile.UnmarshalText([]byte(value))
	case "--expect.role":
		policy.Role = pattern
	case "--expect.profile-arn":
		policy.ProfileARN = pattern
	case "--imds.allow-server":
		policy.AllowServer = pattern
	default:
		t.Fatalf("a scenario needs an unknown flag: %s", arg)
	}
	if err != nil {
		t.Fatal(err)
	}
}
