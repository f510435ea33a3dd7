package main

import (
	"cmp"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// simulationFlags are those that change whatever scenario is on.
type simulationFlags struct {
	hops                           int
	v1                             bool
	delay, jitter, every, lifetime time.Duration
	faults                         []string

	parsed []imdstest.Fault
}

func addSimulationFlags(cmd *cobra.Command) *simulationFlags {
	f := &simulationFlags{}
	flags := cmd.Flags()
	cli.Integer(flags, &f.hops, "hop-limit", "IP TTL of the token's answer, as HttpPutResponseHopLimit; 0 leaves the system's")
	cli.Bool(flags, &f.v1, "v1", "Answer requests without a token too, as HttpTokens=optional")
	cli.Duration(flags, &f.delay, "delay", "How much later each answer comes")
	cli.Duration(flags, &f.jitter, "jitter", "Up to how much is added to --delay, at random")
	cli.Duration(flags, &f.every, "rotate-every", "How often the credentials are renewed; 0 leaves the scenario's hour")
	cli.Duration(flags, &f.lifetime, "lifetime", "How long credentials are valid; 0 leaves the scenario's 6h35m")
	cli.Strings(flags, &f.faults, "fault", "`PATH=WHAT`[,OPTION…] goes wrong, in addition to the scenario; repeatable. PATH is that below /latest/, * ends "+
		"a prefix or is all; WHAT is a status or "+strings.Join(effectNames(), ", ")+
		"; options are method=NAME, times=N, share=0.5, seed=N, delay=1s, jitter=1s")
	return f
}

var (
	errHops     = errors.New("must be from 0 to 64")
	errNegative = errors.New("must not be negative")
)

// check reads the faults, and refuses what no simulator can do.
func (f *simulationFlags) check() error {
	if f.hops < 0 || f.hops > 64 {
		return cli.Invalid("--hop-limit", f.hops, errHops)
	}
	for name, d := range map[string]time.Duration{"delay": f.delay, "jitter": f.jitter, "rotate-every": f.every, "lifetime": f.lifetime} {
		if d < 0 {
			return cli.Invalid("--"+name, d, errNegative)
		}
	}
	for _, text := range f.faults {
		fault, err := parseFault(text)
		if err != nil {
			return cli.Invalid("--fault", text, err)
		}
		f.parsed = append(f.parsed, fault)
	}
	if f.delay+f.jitter > 0 {
		f.parsed = append(f.parsed, imdstest.Fault{Delay: f.delay, Jitter: f.jitter})
	}
	return nil
}

// find returns the scenario of a name, changed as the flags say.
func (f *simulationFlags) find(name string) (imdstest.Scenario, error) {
	s, err := imdstest.Find(name)
	if err != nil {
		return s, err
	}
	s.Instance.HopLimit = f.hops
	s.Instance.TokensOptional = s.Instance.TokensOptional || f.v1
	if p := s.Instance.Profile; p != nil {
		p.Keys.Every, p.Keys.Lifetime = cmp.Or(f.every, p.Keys.Every), cmp.Or(f.lifetime, p.Keys.Lifetime)
	}
	return s.With(f.parsed...), nil
}
