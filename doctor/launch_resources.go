package doctor

import "strings"

// resources are what a launch needs ec2:RunInstances on: everything that it makes
// or uses.
// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances
func (f LaunchFacts) resources() []string {
	all := []string{
		f.ec2ARN("instance", "*"), f.imageARN(), f.ec2ARN("subnet", f.SubnetID),
		f.ec2ARN("volume", "*"), f.ec2ARN("network-interface", "*"),
	}
	if len(f.SecurityGroupIDs) == 0 {
		all = append(all, f.ec2ARN("security-group", "*"))
	}
	for _, id := range f.SecurityGroupIDs {
		all = append(all, f.ec2ARN("security-group", id))
	}
	if f.KeyName != "" {
		all = append(all, f.ec2ARN("key-pair", f.KeyName))
	}
	return all
}

// ec2ARN is the ARN of a thing of EC2 in this region and account; of any of its
// kind without an id.
func (f LaunchFacts) ec2ARN(kind, id string) string {
	if id == "" {
		id = "*"
	}
	return strings.Join([]string{"arn", f.Caller.Value.Partition, "ec2", f.Region, f.Caller.Value.Account, kind + "/" + id}, ":")
}

// imageARN is the ARN of the image, which names no account.
func (f LaunchFacts) imageARN() string {
	id := f.ImageID
	if id == "" {
		id = "*"
	}
	return strings.Join([]string{"arn", f.Caller.Value.Partition, "ec2", f.Region, "", "image/" + id}, ":")
}

// context is what the real request would have in its context, as far as the flags
// say. Where they do not, the verdict depends on it.
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func (f LaunchFacts) context() map[string]string {
	values := requestContext(f.Region)
	values["ec2:Region"] = f.Region
	values["ec2:InstanceType"] = f.InstanceType
	if f.Profile.OK() {
		values["ec2:InstanceProfile"] = f.Profile.Value.ARN
	}
	return values
}

// requestContext is what every request that the doctor speaks of has in its
// context: people send it themselves, by TLS.
func requestContext(region string) map[string]string {
	return map[string]string{
		"aws:RequestedRegion": region, "aws:SecureTransport": "true", "aws:ViaAWSService": "false",
	}
}

// iamContext is that of requests to IAM, which has one region in each partition.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
func iamContext(partition string) map[string]string {
	home := map[string]string{"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}[partition]
	values := requestContext(home)
	if home == "" {
		delete(values, "aws:RequestedRegion")
	}
	return values
}

// toEC2 is the value of iam:PassedToService: EC2 under the partition's own name.
func toEC2(partition string) string {
	services := EC2Services(partition)
	return services[len(services)-1]
}
