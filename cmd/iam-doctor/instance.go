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
		Long:  "Why the instance with this ID (i-…), or the one that this runs on, has no\ncredentials, or the wrong ones.",
		Args: argument("instance id", &f.request.ID,
			must(doctor.IsInstanceID, "the id of an instance, such as i-0123456789abcdef0")),
	}
	flags := cmd.Flags()
	cli.Bool(flags, &f.self, "self", "The instance that this runs on")
	checked(flags, &f.from, "from", "Join the verdict of the agent at this `URL`, http://HOST:16925", httpURL)
	checked(flags, &f.request.ExpectRole, "expect-role", "`NAME` of the role that the instance should have",
		must(doctor.IsRoleName, "the name of a role"))
	cli.Bool(flags, &f.request.Containers, "containers", "Containers behind a bridge on the instance need IMDS: a hop limit of 1 is a fault")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if f.self == (f.request.ID != "") {
			return errors.New("instance: give either the id of an instance or --self")
		}
		return f.answer(cmd, f.ask, f.locate)
	}
	return cmd
}

// locate finds out which instance this is, if that was asked.
func (f *instanceFlags) locate(ctx context.Context, cfg *aws.Config) error {
	if !f.self {
		return nil
	}
	self, err := doctor.AskSelf(ctx, *cfg)
	if err != nil {
		return err
	}
	f.request.ID, f.request.Self, cfg.Region = self.InstanceID, self.Sighting, self.Region
	return nil
}

func (f *instanceFlags) ask(ctx context.Context, d *doctor.Doctor) doctor.Report {
	if f.from != "" {
		agentCtx, cancel := context.WithTimeout(ctx, min(f.timeout, agentTimeout))
		defer cancel()
		f.request.Agent = doctor.AskAgent(agentCtx, &http.Client{}, f.from, time.Now())
	}
	return d.Instance(ctx, f.request)
}
