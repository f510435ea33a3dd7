package doctor

import (
	"slices"
	"strings"
)

// partition is one of AWS's separate worlds: accounts, credentials and ARNs of
// one mean nothing in another.
type partition struct {
	name   string
	suffix string
	// regions is the prefix of its regions' names.
	regions string
}

// partitions are those of the SDK's endpoint rules, longest prefix first; the
// rest of the world is aws, whose prefix every region has.
var partitions = []partition{
	{"aws-cn", "amazonaws.com.cn", "cn-"},
	{"aws-us-gov", "amazonaws.com", "us-gov-"},
	{"aws-iso-b", "sc2s.sgov.gov", "us-isob-"},
	{"aws-iso-f", "csp.hci.ic.gov", "us-isof-"},
	{"aws-iso-e", "cloud.adc-e.uk", "eu-isoe-"},
	{"aws-iso", "c2s.ic.gov", "us-iso-"},
	{"aws-eusc", "amazonaws.eu", "eusc-"},
	{"aws", "amazonaws.com", ""},
}

// partitionOfRegion returns the name of the partition that a region is in.
func partitionOfRegion(region string) string {
	i := slices.IndexFunc(partitions, func(p partition) bool { return strings.HasPrefix(region, p.regions) })
	return partitions[i].name
}

// EC2Services returns the service principals under which EC2 assumes roles in
// the partition: the one of all partitions first, then its own if it has one.
func EC2Services(name string) []string {
	services := []string{"ec2.amazonaws.com"}
	i := slices.IndexFunc(partitions, func(p partition) bool { return p.name == name })
	if i >= 0 && partitions[i].suffix != "amazonaws.com" {
		services = append(services, "ec2."+partitions[i].suffix)
	}
	return services
}
