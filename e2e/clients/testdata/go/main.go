// Command client prints what the AWS SDK for Go v2, or minio-go, finds out about
// the instance that it runs on, without any configuration.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

type answer struct {
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	SessionToken    string `json:"sessionToken"`
	Region          string `json:"region,omitempty"`
	AccountID       string `json:"accountId,omitempty"`
	InstanceID      string `json:"instanceId,omitempty"`
}

func main() {
	client := sdk
	if len(os.Args) > 1 && os.Args[1] == "minio" {
		client = minio
	}
	a, err := client(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(a); err != nil {
		log.Fatal(err)
	}
}

func sdk(ctx context.Context) (a answer, err error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithEC2IMDSRegion())
	if err != nil {
		return a, err
	}
	keys, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return a, err
	}
	identity, err := imds.NewFromConfig(cfg).GetInstanceIdentityDocument(ctx, nil)
	if err != nil {
		return a, err
	}
	return answer{keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken, cfg.Region, identity.AccountID, identity.InstanceID}, nil
}

func minio(context.Context) (a answer, err error) {
	keys, err := credentials.NewIAM("").Get()
	if err != nil {
		return a, err
	}
	return answer{AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken}, nil
}
