module imds-probe/e2e

go 1.26.0

replace imds-probe => ../

require imds-probe v0.0.0-00010101000000-000000000000

require (
	github.com/aws/aws-sdk-go-v2 v1.47.7 // indirect
	github.com/aws/aws-sdk-go-v2/feature/ec2/imds v1.20.7 // indirect
	github.com/aws/smithy-go v1.28.8 // indirect
	github.com/safchain/ethtool v0.7.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
