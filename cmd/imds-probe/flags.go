package main

import (
	"fmt"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"imds-probe/agent"
	"imds-probe/probes"
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

func addProbeFlags(cmd *kingpin.CmdClause) *probeFlags {
	f := &probeFlags{}
	defaults := probes.DefaultPolicy()
	cmd.Flag("imds.endpoint", "Base URL of IMDS (default: "+probes.EndpointIPv4+", or its IPv6 twin).").PlaceHolder("URL").StringVar(&f.endpoint)
	cmd.Flag("imds.endpoint-mode", "Which of IMDS's own endpoints to use: IPv4 or IPv6.").Default("IPv4").StringVar(&f.mode)
	cmd.Flag("imds.allow-server", "Regular expression for the Server header of a known proxy, to be taken for IMDS; anchored.").PlaceHolder("REGEX").StringVar(&f.server)
	cmd.Flag("probe.timeout", "Limit of each request.").Default("1s").SetValue(typed("probe.timeout", &f.timeout, time.ParseDuration))
	cmd.Flag("probe.hop-limit", "Measure the hop limit of token answers, at start and then hourly (daemon only).").Default("true").BoolVar(&f.hopLimit)
	cmd.Flag("probe.imdsv1", "Ask hourly whether requests without a token are answered; AWS counts each in MetadataNoToken (daemon only).").BoolVar(&f.v1)
	cmd.Flag("expect.profile", "Whether an instance profile is required, optional or forbidden.").Default("required").StringVar(&f.profile)
	cmd.Flag("expect.profile-arn", "Regular expression for the ARN of the expected instance profile; anchored.").PlaceHolder("REGEX").StringVar(&f.profileARN)
	cmd.Flag("expect.role", "Regular expression for the name of the expected role; anchored.").PlaceHolder("REGEX").StringVar(&f.role)
	cmd.Flag("credentials.stall-ratio", "Share of a key's life that must be left.").Default(fmt.Sprint(defaults.StallRatio)).SetValue(typed("credentials.stall-ratio", &f.stallRatio, parseFloat))
	cmd.Flag("clock.max-skew", "How far the host clock may be from IMDS's; 0 is no limit.").Default(defaults.MaxSkew.String()).SetValue(typed("clock.max-skew", &f.maxSkew, time.ParseDuration))
	cmd.Flag("vantage", "From where to look: host, user:NAME or netns:PATH; repeatable (default: host).").PlaceHolder("host").StringsVar(&f.vantages)
	return f
}

// options turns the flags into options; an unusable value is an OptionError.
func (f *probeFlags) options() (o agent.Options, err error) {
	o = agent.Options{
		Endpoint: f.endpoint, Timeout: f.timeout, HopLimit: f.hopLimit, V1: f.v1,
		Version: versionText(), Drops: new(probes.LinkLocalCounter).Drops,
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
	switch mode {
	case "IPv4":
		return probes.EndpointIPv4, nil
	case "IPv6":
		return probes.EndpointIPv6, nil
	}
	return "", &agent.OptionError{Flag: "imds.endpoint-mode", Value: mode, Err: errNeither("IPv4", "IPv6")}
}

func (f *probeFlags) policy() (p probes.Policy, err error) {
	p.StallRatio, p.MaxSkew = f.stallRatio, f.maxSkew
	if err := p.Profile.UnmarshalText([]byte(f.profile)); err != nil {
		return p, &agent.OptionError{Flag: "expect.profile", Value: f.profile, Err: errNeither("required", "optional", "forbidden")}
	}
	if p.ProfileARN, err = probes.Anchored(f.profileARN); err != nil {
		return p, &agent.OptionError{Flag: "expect.profile-arn", Value: f.profileARN, Err: err}
	}
	if p.Role, err = probes.Anchored(f.role); err != nil {
		return p, &agent.OptionError{Flag: "expect.role", Value: f.role, Err: err}
	}
	if p.AllowServer, err = probes.Anchored(f.server); err != nil {
		return p, &agent.OptionError{Flag: "imds.allow-server", Value: f.server, Err: err}
	}
	return p, nil
}

func (f *probeFlags) parseVantages() (all []probes.Vantage, err error) {
	seen := map[string]bool{}
	for _, name := range f.vantages {
		v, err := probes.ParseVantage(name)
		if err == nil && seen[name] {
			err = errTwice
		}
		if err != nil {
			return nil, &agent.OptionError{Flag: "vantage", Value: name, Err: err}
		}
		seen[name] = true
		all = append(all, v)
	}
	return all, nil
}
