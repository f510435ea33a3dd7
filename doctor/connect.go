package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
)

// Connection says how to reach AWS, where it differs from the SDK's own
// configuration (environment, shared files, SSO, the instance's role).
type Connection struct {
	// Profile is a profile of the SDK's configuration, not an instance profile.
	Profile string
	// Region overrides the configured region.
	Region string
	// EndpointURL is asked instead of AWS's endpoints.
	EndpointURL string
}

// Load returns the SDK's configuration for the connection. The region may still
// be missing, see [RequireRegion].
func Load(ctx context.Context, c Connection) (aws.Config, error) {
	var role roleSource
	options := []func(*config.LoadOptions) error{
		config.WithEC2RoleCredentialOptions(func(o *ec2rolecreds.Options) { o.Client = &role }),
	}
	if c.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.Profile))
	}
	if c.Region != "" {
		options = append(options, config.WithRegion(c.Region))
	}
	if c.EndpointURL != "" {
		options = append(options, config.WithBaseEndpoint(c.EndpointURL))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if _, missing := errors.AsType[config.SharedConfigProfileNotExistError](err); missing {
		return cfg, fmt.Errorf("--profile=%s: the AWS configuration has no such profile", clean(c.Profile))
	}
	if err != nil {
		return cfg, fmt.Errorf("the AWS configuration cannot be used: %s", innermost(err))
	}
	role.client = imdsClient(cfg)
	return cfg, nil
}

// RequireRegion returns an error if the configuration names no region.
func RequireRegion(cfg aws.Config) error {
	if cfg.Region == "" {
		return errors.New("no region: give --region, or set AWS_REGION or the region of the AWS profile")
	}
	if !IsRegion(cfg.Region) {
		return fmt.Errorf("region %q: not the name of a region", clean(cfg.Region))
	}
	return nil
}
