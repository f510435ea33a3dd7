package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
	"github.com/imds-probe/imds-probe/doctor"
)

// privateIP stands for an instance's address in --from.
const privateIP = "PRIVATE_IP"

// auditFlags is what the command audit is asked.
type auditFlags struct {
	*common
	request doctor.AuditRequest
	output  string
	timeout time.Duration
	from    string
}

func auditCommand(c *common) *cobra.Command {
	f := &auditFlags{common: c, output: "text", timeout: 10 * time.Minute}
	cmd := &cobra.Command{
		Use:   "audit [ID...]",
		Short: "What is wrong with the instances of an account",
		Long: `What is wrong with all running instances of a region, or with those of these
IDs: one problem a line, the most severe first.`,
		Args: f.read,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.request.AllRegions && len(f.request.Regions) > 0 {
				return errors.New("audit: give either --region or --all-regions")
			}
			return f.run(cmd)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	checked(flags, &f.output, "output", "How to print the report: `text`, json or prometheus", oneOf("text", "json", "prometheus"))
	cli.Var(flags, &f.timeout, "timeout", "DURATION", "Time for all requests together", positiveDuration)
	flags.Var(eachOf(func(s string) error {
		f.request.Regions = append(f.request.Regions, s)
		return must(doctor.IsRegion, "the name of a region")(s)
	}), "region", "AWS `REGION`, can be repeated; the SDK's configuration otherwise")
	cli.Bool(flags, &f.request.AllRegions, "all-regions", "All regions that are enabled for the account")
	flags.Var(eachOf(f.filter), "filter", "`FILTER` of DescribeInstances, Name=tag:team,Values=web; can be repeated")
	cli.Bool(flags, &f.request.Containers, "containers", "Containers behind a bridge need IMDS: a hop limit of 1 is a fault")
	checked(flags, &f.from, "from", "Ask the agent of each instance at this `URL`, http://PRIVATE_IP:16925", agentURL)
	cli.Complete(cmd, "output", "text", "json", "prometheus")
	return cmd
}

// read reads the ids of instances; an ARN names its region too.
func (f *auditFlags) read(_ *cobra.Command, args []string) error {
	for _, s := range args {
		id, region, err := doctor.ParseInstance(s)
		if err != nil {
			return cli.Invalid("instance id", s, err)
		}
		f.request.IDs = append(f.request.IDs, id)
		if region != "" {
			f.request.Regions = append(f.request.Regions, region)
		}
	}
	return nil
}

func (f *auditFlags) filter(s string) error {
	name, values, err := doctor.ParseFilter(s)
	if err != nil {
		return err
	}
	if f.request.Filters == nil {
		f.request.Filters = map[string][]string{}
	}
	f.request.Filters[name] = append(f.request.Filters[name], values...)
	return nil
}

// agentURL checks an agent's URL with a word in it that stands for its address.
func agentURL(s string) error {
	if strings.Count(s, privateIP) != 1 || httpURL(strings.Replace(s, privateIP, "192.0.2.1", 1)) != nil {
		return errors.New("not a URL such as http://PRIVATE_IP:16925")
	}
	return nil
}

// run makes the audit. The SDK's adaptive retries keep it within what AWS allows.
func (f *auditFlags) run(cmd *cobra.Command) error {
	ctx, cancel := withTimeout(cmd.Context(), f.timeout)
	defer cancel()
	cfg, err := doctor.Load(ctx, f.connection)
	if err != nil {
		return err
	}
	if err := f.needRegion(&cfg); err != nil {
		return err
	}
	cfg.Retryer = func() aws.Retryer {
		return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
			o.StandardOptions = append(o.StandardOptions, func(o *retry.StandardOptions) { o.MaxAttempts = attempts })
		})
	}
	if f.from != "" {
		f.request.AskAgent = f.askAgent
	}
	progress, done := progressOn(cmd.ErrOrStderr())
	f.request.Progress = progress
	report := doctor.NewAuditor(cfg).Audit(ctx, f.request)
	done()
	if err := f.write(report, cmd.OutOrStdout()); err != nil {
		return err
	}
	return cli.Exit(report.ExitCode(), nil)
}

// attempts is how often a throttled request is sent.
const attempts = 12

// needRegion makes sure of a region to ask who the caller is, and for the list of
// regions: the first that was given, else that of the configuration.
func (f *auditFlags) needRegion(cfg *aws.Config) error {
	if len(f.request.Regions) > 0 {
		cfg.Region = f.request.Regions[0]
	}
	if cfg.Region == "" && f.request.AllRegions {
		cfg.Region = "us-east-1"
	}
	return doctor.RequireRegion(*cfg)
}

func (f *auditFlags) askAgent(ctx context.Context, address string) doctor.Answer[doctor.AgentStatus] {
	ctx, cancel := context.WithTimeout(ctx, min(f.timeout, agentTimeout))
	defer cancel()
	return doctor.AskAgent(ctx, &http.Client{}, strings.Replace(f.from, privateIP, address, 1), time.Now())
}

func (f *auditFlags) write(report doctor.AuditReport, w io.Writer) error {
	switch f.output {
	case "json":
		return report.WriteJSON(w)
	case "prometheus":
		return report.WritePrometheus(w)
	}
	return report.WriteText(w, cli.Coloured(w))
}

// progressOn shows how far the audit is on a terminal, on one line that goes when
// it is done.
func progressOn(w io.Writer) (progress func(doctor.AuditProgress), done func()) {
	if !cli.OnTerminal(w) {
		return nil, func() {}
	}
	return func(p doctor.AuditProgress) {
			_, _ = fmt.Fprintf(w, "\r\x1b[K%d instances, %d of %d regions", p.Instances, p.RegionsDone, p.Regions)
		}, func() {
			_, _ = io.WriteString(w, "\r\x1b[K")
		}
}
