package imdstest

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// tree is what lies below a version: the text at each path. A path that ends in
// a slash is a directory whose listing is not that of the paths below it.
type tree map[string]content

// content is the text at a path, at a moment.
type content func(at moment) string

// moment is when a tree is looked at, and what its times are counted from.
type moment struct{ now, set, boot time.Time }

// text is content that no time changes.
func text(s string) content { return func(moment) string { return s } }

// tree returns what the instance serves below each version.
func (i Instance) tree() tree {
	t := tree{
		"dynamic/instance-identity/document": i.identity,

		"meta-data/ami-id":                      text(i.ImageID),
		"meta-data/hostname":                    text(i.hostname()),
		"meta-data/instance-id":                 text(i.ID),
		"meta-data/instance-type":               text(i.Type),
		"meta-data/local-hostname":              text(i.hostname()),
		"meta-data/local-ipv4":                  text(i.PrivateIP),
		"meta-data/mac":                         text(i.MAC),
		"meta-data/placement/availability-zone": text(i.Zone),
		"meta-data/placement/region":            text(i.Region()),

		"meta-data/identity-credentials/ec2/info": func(at moment) string {
			return document{{"Code", "Success"}, {"LastUpdated", stamp(at.boot)}, {"AccountId", i.AccountID}}.String()
		},
		"meta-data/identity-credentials/ec2/security-credentials/ec2-instance": func(at moment) string {
			keys := Keys{Lifetime: Lifetime, Every: RefreshEvery, Seed: "ec2-instance"}
			return keys.document(keys.at(at)).String()
		},
	}
	if i.UserData != "" {
		t["user-data"] = text(i.UserData)
	}
	maps.Copy(t, i.networkInterface())
	if i.Profile != nil {
		maps.Copy(t, i.Profile.tree(i.AccountID))
	}
	return t
}

// identity is the instance identity document.
func (i Instance) identity(at moment) string {
	return document{
		{"accountId", i.AccountID},
		{"architecture", "x86_64"},
		{"availabilityZone", i.Zone},
		{"billingProducts", nil},
		{"devpayProductCodes", nil},
		{"marketplaceProductCodes", nil},
		{"imageId", i.ImageID},
		{"instanceId", i.ID},
		{"instanceType", i.Type},
		{"kernelId", nil},
		{"pendingTime", stamp(at.boot.Add(-24 * time.Hour))},
		{"privateIp", i.PrivateIP},
		{"ramdiskId", nil},
		{"region", i.Region()},
		{"version", "2017-09-30"},
	}.String()
}

// networkInterface is what cloud-init makes a network configuration of.
func (i Instance) networkInterface() tree {
	network := i.PrivateIP[:strings.LastIndexByte(i.PrivateIP, '.')+1] + "0/24"
	t := tree{}
	for name, value := range map[string]string{
		"device-number":          "0",
		"interface-id":           "eni-0123456789abcdef0",
		"local-hostname":         i.hostname(),
		"local-ipv4s":            i.PrivateIP,
		"mac":                    i.MAC,
		"owner-id":               i.AccountID,
		"subnet-id":              "subnet-0123456789abcdef0",
		"subnet-ipv4-cidr-block": network,
		"vpc-id":                 "vpc-0123456789abcdef0",
		"vpc-ipv4-cidr-block":    network,
	} {
		t["meta-data/network/interfaces/macs/"+i.MAC+"/"+name] = text(value)
	}
	return t
}

// tree returns what lies at meta-data/iam/.
func (p Profile) tree(account string) tree {
	const (
		iam      = "meta-data/iam/"
		list     = iam + "security-credentials/"
		extended = iam + "security-credentials-extended/"
	)
	t := tree{
		iam:          text("info\nsecurity-credentials/"),
		iam + "info": func(at moment) string { return p.infoDocument(p.Keys.at(at)) },
	}
	if p.NoListing {
		return t
	}
	t[list] = text(p.Role)
	if p.Extended {
		t[iam] = text("info\nsecurity-credentials/\nsecurity-credentials-extended/")
		t[extended] = text(p.Role)
	}
	if p.Role == "" {
		return t
	}
	t[list+p.Role] = func(at moment) string { return p.roleDocument(p.Keys.at(at)) }
	if p.Extended {
		t[extended+p.Role] = func(at moment) string {
			return p.roleDocument(p.Keys.at(at), field{"AccountId", account})
		}
	}
	return t
}

// list returns the listing of a directory, which is empty or ends in a slash; nil
// if there is none.
func (t tree) list(directory string) content {
	if listing, ok := t[directory]; ok {
		return listing
	}
	names := map[string]bool{}
	for path := range t {
		if below, ok := strings.CutPrefix(path, directory); ok {
			name, _, isDirectory := strings.Cut(below, "/")
			if isDirectory && directory != "" { // the listing of a version has no slashes
				name += "/"
			}
			names[name] = true
		}
	}
	if len(names) == 0 {
		return nil
	}
	return text(strings.Join(slices.Sorted(maps.Keys(names)), "\n"))
}

// versions are the names of the trees, as the listing of / has them.
var versions = []string{
	"1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01",
	"2009-04-04", "2011-01-01", "2011-05-01", "2012-01-12", "2014-02-25", "2014-11-05", "2015-10-20",
	"2016-04-19", "2016-06-30", "2016-09-02", "2018-03-28", "2018-08-17", "2018-09-24", "2019-10-01",
	"2020-10-27", "2021-01-03", "2021-03-23", "2021-07-15", "2022-07-09", "2022-09-24", "latest",
}
