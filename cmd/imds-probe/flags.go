package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/cmd/internal/cli"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/ladder"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// probeFlags are the flags of all commands that make rounds.
type probeFlags struct {
	endpoint, mode           string
	timeout                  time.Duration
	profile                  string
	profileARN, role, server string
	stallRatio               float64
	maxSkew                  time.Duration
	vantages                 []string
	hopLimit, v1             bool
}

func addProbeFlags(cmd *cobra.Command) *probeFlags {
	defaults := probes.DefaultPolicy()
	f := &probeFlags{timeout: time.Second, hopLimit: true, stallRatio: defaults.StallRatio, maxSkew: defaults.MaxSkew}
	flags := cmd.Flags()
	flags.StringVar(&f.endpoint, "imds.endpoint", "", "Base `URL` of IMDS (default "+ladder.EndpointIPv4+", or its IPv6 twin)")
	flags.StringVar(&f.mode, "imds.endpoint-mode", "IPv4", "Which of IMDS's own endpoints to use: `IPv4` or IPv6")
	flags.StringVar(&f.server, "imds.allow-server", "", "`REGEX` for the Server header of a known proxy, to be taken for IMDS; anchored")
	cli.Duration(flags, &f.timeout, "probe.timeout", "Limit of each request")
	cli.Bool(flags, &f.hopLimit, "probe.hop-limit", "Measure the hop limit of token answers, at start and then hourly (daemon only)")
	cli.Bool(flags, &f.v1, "probe.imdsv1", "Ask hourly whether requests without a token are answered; AWS counts each in MetadataNoToken (daemon only)")
	flags.StringVar(&f.profile, "expect.profile", "required", "Whether an instance profile is `required`, optional or forbidden")
	flags.StringVar(&f.profileARN, "expect.profile-arn", "", "`REGEX` for the ARN of the expected instance profile; anchored")
	flags.StringVar(&f.role, "expect.role", "", "`REGEX` for the name of the expected role; anchored")
	cli.Number(flags, &f.stallRatio, "credentials.stall-ratio", "Share of a key's life that must be left")
	cli.Duration(flags, &f.maxSkew, "clock.max-skew", "How far the host clock may be from IMDS's; 0 is no limit")
	cli.Strings(flags, &f.vantages, "vantage", "Look from this `VANTAGE`: host, user:NAME or netns:PATH; repeatable (default host)")
	cli.Complete(cmd, "imds.endpoint-mode", "IPv4", "IPv6")
	cli.Complete(cmd, "expect.profile", "required", "optional", "forbidden")
	return f
}

// options turns the flags into options; an unusable value is a [*cli.UsageError].
func (f *probeFlags) options() (o agent.Options, err error) {
	o = agent.Options{
		Endpoint: f.endpoint, Timeout: f.timeout, HopLimit: f.hopLimit, V1: f.v1,
		Version: versionText(), Drops: new(wire.LinkLocalCounter).Drops,
	}
	if o.Endpoint == "" {
		if o.Endpoint, err = defaultEndpoint(f.mode); err != nil {
			return o, err
		}
	}
	if o.Policy, err = f.policy(); err != nil {
		return o, err
	}
	o.Vantages, err = f.parseVantages()
	return o, err
}

func defaultEndpoint(mode string) (string, error) {
	if err := cli.OneOf(mode, "IPv4", "IPv6"); err != nil {
		return "", cli.Invalid("--imds.endpoint-mode", mode, err)
	}
	if mode == "IPv6" {
		return ladder.EndpointIPv6, nil
	}
	return ladder.EndpointIPv4, nil
}

func (f *probeFlags) policy() (p probes.Policy, err error) {
	p.StallRatio, p.MaxSkew = f.stallRatio, f.maxSkew
	if err := cli.OneOf(f.profile, "required", "optional", "forbidden"); err != nil {
		return p, cli.Invalid("--expect.profile", f.profile, err)
	}
	if err := p.Profile.UnmarshalText([]byte(f.profile)); err != nil {
		return p, err
	}
	if p.ProfileARN, err = probes.Anchored(f.profileARN); err != nil {
		return p, cli.Invalid("--expect.profile-arn", f.profileARN, err)
	}
	if p.Role, err = probes.Anchored(f.role); err != nil {
		return p, cli.Invalid("--expect.role", f.role, err)
	}
	if p.AllowServer, err = probes.Anchored(f.server); err != nil {
		return p, cli.Invalid("--imds.allow-server", f.server, err)
	}
	return p, nil
}

func (f *probeFlags) parseVantages() (all []wire.Vantage, err error) {
	seen := map[string]bool{}
	for _, name := range f.vantages {
		v, err := wire.ParseVantage(name)
		if err == nil && seen[name] {
			err = errTwice
		}
		if err != nil {
			return nil, vantageError(name, err)
		}
		seen[name] = true
		all = append(all, v)
	}
	return all, nil
}

// vantageError is for later where a capability is missing, which a drop-in may grant.
func vantageError(name string, err error) error {
	if errors.Is(err, wire.ErrVantageDenied) {
		return later{cli.Invalid("--vantage", name, err)}
	}
	return cli.Invalid("--vantage", name, err)
}
