package imdstest

import (
	"fmt"
	"strings"

	"github.com/imds-probe/imds-probe/probes"
)

// Policy returns the command's default policy with the scenario's Args applied.
func (s Scenario) Policy() (probes.Policy, error) {
	policy := probes.DefaultPolicy()
	for _, arg := range s.Args {
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
			err = fmt.Errorf("scenario %s needs an unknown flag: %s", s.Name, arg)
		}
		if err != nil {
			return probes.Policy{}, err
		}
	}
	return policy, nil
}
