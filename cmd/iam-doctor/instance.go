package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
	"github.com/imds-probe/imds-probe/doctor"
)

// agentTimeout leaves most of the time for AWS.
const agentTimeout = 5 * time.Second

// instanceFlags is what the command instance is asked.
type instanceFlags struct {
	*common
	request doctor.InstanceRequest
	from    string
	self    bool
}

func instanceCommand(c *common) *cobra.Command {
	f := &instanceFlags{common: c}
	cmd := &cobra.Command{
		Use:   "instance [ID]",
		Short: "Why an instance has no credentials, or the wrong ones",
		Long:  "Why the instance with this ID (i-…, or its ARN), or the one that this runs on, has\nno credentials, or the wrong ones.",
		Args:  cli.Arg(f.read),
	}
	flags := cmd.Flags()
	cli.Bool(flags, &f.self, "self", "The instance that this runs on")
	checked(flags, &f.from, "from", "Join the verdict of the agent at this `URL`, http://HOST:16925", httpURL)
	cli.Var(flags, &f.request.ExpectRole, "expect-role", "", "`NAME` or ARN of the role that the instance should have", doctor.ParseRole)
	cli.Bool(flags, &f.request.Containers, "containers", "Containers behind a bridge on the instance need IMDS: a hop limit of 1 is a fault")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if f.self == (f.request.ID != "") {
			return errors.New("instance: give either the id of an instance or --self")
		}
		return f.answer(cmd, f.ask, f.locate)
	}
	return cmd
}

// read reads the argument; an ARN names the region too.
func (f *instanceFlags) read(s string) error {
	id, region, err := doctor.ParseInstance(s)
	if err != nil {
		return cli.Invalid("instance id", s, err)
	}
	f.request.ID = id
	if f.connection.Region == "" {
		f.connection.Region = region
	}
	return nil
}

// locate finds out which instance this is, if that was asked.
func (f *instanceFlags) locate(ctx context.Context, cfg *aws.Config) (report doctor.Report, ended bool) {
	if !f.self {
		return doctor.Report{}, false
	}
	self := doctor.AskSelf(ctx, *cfg)
	if !self.OK() {
		return doctor.DiagnoseSelf(self, time.Now()), true
	}
	f.request.ID, f.request.Seen, cfg.Region = self.Value.InstanceID, self.Value.Sighting, self.Value.Region
	return doctor.Report{}, false
}

func (f *instanceFlags) ask(ctx context.Context, d *doctor.Doctor) doctor.Report {
	if f.from != "" {
		agentCtx, cancel := context.WithTimeout(ctx, min(f.timeout, agentTimeout))
		defer cancel()
		f.request.Agent = doctor.AskAgent(agentCtx, &http.Client{}, f.from, time.Now())
	}
	return d.Instance(ctx, f.request)
}
