package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"imds-probe/doctor"
)

// flags is the command line.
type flags struct {
	command    string
	output     string
	timeout    time.Duration
	connection doctor.Connection

	instance   doctor.InstanceRequest
	from       string
	self       bool
	role       string
	addProfile string
	addRole    string
	launch     doctor.LaunchRequest
}

// parse reads the command line. done means that help or the like was printed
// and nothing is left to do.
func parse(args []string, stdout io.Writer) (f *flags, done bool, err error) {
	f = &flags{}
	if len(args) == 0 {
		return f, false, errors.New("command not specified: give instance, role, add-role or launch, or --help")
	}
	app := kingpin.New("iam-doctor", "Troubleshoots IAM and EC2 through the AWS API. It changes nothing.")
	var usage bytes.Buffer
	app.UsageWriter(&usage)
	app.ErrorWriter(&usage)
	app.Terminate(func(int) { done = true })
	app.HelpFlag.Short('h')
	f.global(app)
	f.topics(app)
	f.command, err = app.Parse(args)
	if done {
		_, err = io.Copy(stdout, &usage)
		return f, true, err
	}
	if err == nil {
		err = f.validate()
	}
	return f, false, err
}

func (f *flags) global(app *kingpin.Application) {
	app.Flag("output", "How to print the report: text or json.").Default("text").
		SetValue(checked("--output", &f.output, oneOf("text", "json")))
	app.Flag("timeout", "Time for all requests together.").Default("30s").
		SetValue(&durationValue{"--timeout", &f.timeout})
	app.Flag("region", "AWS region; the SDK's configuration otherwise.").
		SetValue(checked("--region", &f.connection.Region, must(doctor.IsRegion, "the name of a region")))
	app.Flag("aws-profile", "Profile of the AWS configuration (not an instance profile).").
		StringVar(&f.connection.Profile)
	app.Flag("endpoint-url", "Ask this endpoint instead of AWS's.").
		SetValue(checked("--endpoint-url", &f.connection.EndpointURL, httpURL))
}

func (f *flags) topics(app *kingpin.Application) {
	instance := app.Command("instance", "Why an instance has no credentials, or the wrong ones.")
	instance.Arg("id", "The instance, i-….").
		SetValue(checked("instance id", &f.instance.ID, must(doctor.IsInstanceID, "the id of an instance, such as i-0123456789abcdef0")))
	instance.Flag("self", "The instance that this runs on.").BoolVar(&f.self)
	instance.Flag("from", "Join the verdict of the agent at http://HOST:16925.").
		SetValue(checked("--from", &f.from, httpURL))
	instance.Flag("expect-role", "The role that the instance should have.").
		SetValue(checked("--expect-role", &f.instance.ExpectRole, must(doctor.IsRoleName, "the name of a role")))
	instance.Flag("containers", "Containers behind a bridge on the instance need IMDS: a hop limit of 1 is a fault.").
		BoolVar(&f.instance.Containers)

	role := app.Command("role", "Why the console does not list a role.")
	role.Arg("name", "The role.").Required().
		SetValue(checked("role name", &f.role, must(doctor.IsRoleName, "the name of a role")))

	add := app.Command("add-role", "Why AddRoleToInstanceProfile is refused.")
	add.Flag("profile", "Name of the instance profile.").Required().
		SetValue(checked("--profile", &f.addProfile, must(doctor.IsProfileName, "the name of an instance profile")))
	add.Flag("role", "Name of the role.").Required().
		SetValue(checked("--role", &f.addRole, must(doctor.IsRoleName, "the name of a role")))

	launch := app.Command("launch", "Why launching an instance with a profile is refused.")
	launch.Flag("profile", "Name or ARN of the instance profile.").Required().StringVar(&f.launch.Profile)
	launch.Flag("dry-run", "Try RunInstances with DryRun; needs --image-id.").BoolVar(&f.launch.DryRun)
	launch.Flag("image-id", "Image for the dry run, ami-….").
		SetValue(checked("--image-id", &f.launch.ImageID, must(doctor.IsImageID, "the id of an image, such as ami-0123456789abcdef0")))
	launch.Flag("instance-type", "Instance type for the dry run.").Default("t3.micro").
		SetValue(checked("--instance-type", &f.launch.InstanceType, must(doctor.IsInstanceType, "an instance type, such as t3.micro")))
	launch.Flag("subnet-id", "Subnet for the dry run; the default one otherwise.").
		SetValue(checked("--subnet-id", &f.launch.SubnetID, must(doctor.IsSubnetID, "the id of a subnet")))
}

// validate refuses flags that do not go together.
func (f *flags) validate() error {
	switch {
	case f.command == "instance" && f.self == (f.instance.ID != ""):
		return errors.New("instance: give either the id of an instance or --self")
	case f.command == "launch" && f.launch.DryRun && f.launch.ImageID == "":
		return errors.New("--dry-run: needs --image-id, since EC2 checks the image too")
	}
	return nil
}

// diagnose asks what the command line asks for.
func (f *flags) diagnose(ctx context.Context) (doctor.Report, error) {
	cfg, err := doctor.Load(ctx, f.connection)
	if err != nil {
		return doctor.Report{}, err
	}
	if f.self {
		self, err := doctor.AskSelf(ctx, cfg)
		if err != nil {
			return doctor.Report{}, err
		}
		f.instance.ID, f.instance.Self, cfg.Region = self.InstanceID, self.Sighting, self.Region
	}
	if err := doctor.RequireRegion(cfg); err != nil {
		return doctor.Report{}, err
	}
	if f.from != "" {
		agentCtx, cancel := context.WithTimeout(ctx, min(f.timeout, agentTimeout))
		defer cancel()
		f.instance.Agent = doctor.AskAgent(agentCtx, &http.Client{}, f.from, time.Now())
	}
	d := doctor.New(cfg)
	switch f.command {
	case "role":
		return d.Role(ctx, f.role), nil
	case "add-role":
		return d.AddRole(ctx, f.addProfile, f.addRole), nil
	case "launch":
		return d.Launch(ctx, f.launch), nil
	}
	return d.Instance(ctx, f.instance), nil
}

// agentTimeout leaves most of the time for AWS.
const agentTimeout = 5 * time.Second

// checkedValue is a flag whose value is checked, with an error that names both.
type checkedValue struct {
	name   string
	target *string
	check  func(string) error
}

// userinfo is the part of a URL that may hold a password.
var userinfo = regexp.MustCompile(`//[^/@]*@`)

func checked(name string, target *string, check func(string) error) *checkedValue {
	return &checkedValue{name, target, check}
}

// Set implements [kingpin.Value].
func (v *checkedValue) Set(s string) error {
	if err := v.check(s); err != nil {
		return fmt.Errorf("%s=%q: %w", v.name, userinfo.ReplaceAllString(s, "//***@"), err)
	}
	*v.target = s
	return nil
}

// String implements [kingpin.Value].
func (v *checkedValue) String() string {
	if v.target == nil {
		return ""
	}
	return *v.target
}

// durationValue is a flag that holds a positive duration.
type durationValue struct {
	name   string
	target *time.Duration
}

// Set implements [kingpin.Value].
func (v *durationValue) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return fmt.Errorf("%s=%q: not a positive duration, such as 30s", v.name, s)
	}
	*v.target = d
	return nil
}

// String implements [kingpin.Value].
func (v *durationValue) String() string { return v.target.String() }

func must(valid func(string) bool, what string) func(string) error {
	return func(s string) error {
		if !valid(s) {
			return errors.New("not " + what)
		}
		return nil
	}
}

func oneOf(values ...string) func(string) error {
	return func(s string) error {
		if slices.Contains(values, s) {
			return nil
		}
		return errors.New("not one of " + strings.Join(values, ", "))
	}
}

func httpURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("not a URL such as http://HOST:PORT")
	}
	return nil
}
