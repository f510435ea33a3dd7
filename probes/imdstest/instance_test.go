package imdstest_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// browser asks a simulator in memory, with a session token.
type browser struct {
	t     *testing.T
	do    func(*http.Request) (*http.Response, error)
	token string
}

func browse(t *testing.T, s *imdstest.Simulator) browser {
	t.Helper()
	b := browser{t: t, do: s.Client().Transport.RoundTrip}
	issued, _ := ask(t, b.do, "PUT", "http://imds/latest/api/token", map[string]string{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": "21600"})
	b.token = issued.Body
	return b
}

func (b browser) get(path string) (reply, http.Header) {
	b.t.Helper()
	return ask(b.t, b.do, "GET", "http://imds"+path, map[string]string{"X-Aws-Ec2-Metadata-Token": b.token})
}

// text returns the body of a path that must be there.
func (b browser) text(path string) string {
	b.t.Helper()
	got, _ := b.get(path)
	if got.Status != http.StatusOK {
		b.t.Errorf("GET %s: %d", path, got.Status)
	}
	return got.Body
}

// walk returns the text of everything that the listings below a directory name,
// but for the number of the instance's network interface.
func (b browser) walk(directory string, into map[string]string) {
	b.t.Helper()
	for name := range strings.SplitSeq(b.text(directory), "\n") {
		switch path := directory + name; {
		case strings.HasSuffix(name, "/"):
			b.walk(path, into)
		default:
			into[path] = b.text(path)
		}
	}
}

// TestListings follows the listings from the root down: whatever a listing names
// is served, and nothing else is in the way.
func TestListings(t *testing.T) {
	b := browse(t, imdstest.New(imdstest.MustFind("healthy")))
	versions := strings.Split(b.text("/"), "\n")
	if !slices.IsSorted(versions) || versions[0] != "1.0" || !slices.Contains(versions, "2021-03-23") || versions[len(versions)-1] != "latest" {
		t.Errorf("versions: %q", versions)
	}
	for _, version := range versions {
		if got := b.text("/" + version + "/"); got != "dynamic\nmeta-data" {
			t.Errorf("%s: %q", version, got)
		}
		all := map[string]string{}
		b.walk("/"+version+"/dynamic/", all)
		b.walk("/"+version+"/meta-data/", all)
		var names []string
		for path := range all {
			names = append(names, strings.TrimPrefix(path, "/"+version+"/"))
		}
		slices.Sort(names)
		want := []string{
			"dynamic/instance-identity/document",
			"meta-data/ami-id",
			"meta-data/hostname",
			"meta-data/iam/info",
			"meta-data/iam/security-credentials/app",
			"meta-data/identity-credentials/ec2/info",
			"meta-data/identity-credentials/ec2/security-credentials/ec2-instance",
			"meta-data/instance-id",
			"meta-data/instance-type",
			"meta-data/local-hostname",
			"meta-data/local-ipv4",
			"meta-data/mac",
			"meta-data/network/interfaces/macs/0e:49:61:0f:c3:11/device-number",
			"meta-data/network/interfaces/macs/0e:49:61:0f:c3:11/interface-id",
			"meta-data/network/interfaces/macs/0e:49:61:0f:c3:11/local-hostname",
			"meta-data/network/interfaces/macs/0e:49:61:0f:c3:11/local-ipv4s",
			"meta-data/network/interfaces/macs/0e:49:61:0f:c3:11/mac",
			"meta-data/network/interfaces/macs/0e:49:61:0f:c3:11/owner-id",
			"meta-data/network/interfaces/macs/0e:49:61:0f:c3:11/subnet-id",
			"meta-data/network/interfaces/macs/0e:49:61:0f:c3:11/subnet-ipv4-cidr-block",
			"meta-data/network/interfaces/macs/0e:49:61:0f:c3:11/vpc-id",
			"meta-data/network/interfaces/macs/0e:49:61:0f:c3:11/vpc-ipv4-cidr-block",
			"meta-data/placement/availability-zone",
			"meta-data/placement/region",
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("%s: -want +got:\n%s", version, diff)
		}
	}
}

// TestPaths has the paths that stand for another one, and those that are not there.
func TestPaths(t *testing.T) {
	sc := imdstest.MustFind("healthy")
	sc.Instance.UserData = "#cloud-config\n"
	b := browse(t, imdstest.New(sc))
	for path, want := range map[string]string{
		"/latest/meta-data/instance-id":                          sc.Instance.ID,
		"//latest/meta-data/instance-id":                         sc.Instance.ID,
		"/2009-04-04/meta-data/instance-id":                      sc.Instance.ID,
		"/latest/meta-data/placement":                            "availability-zone\nregion",
		"/latest/meta-data/placement/":                           "availability-zone\nregion",
		"/latest/meta-data/iam/security-credentials":             "app",
		"/latest/meta-data/network/interfaces/macs/":             sc.Instance.MAC + "/",
		"/latest/user-data":                                      "#cloud-config\n",
		"/latest":                                                "dynamic\nmeta-data\nuser-data",
		"/latest/dynamic/":                                       "instance-identity/",
		"/latest/meta-data/identity-credentials/ec2/":            "info\nsecurity-credentials/",
		"/latest/meta-data/iam/security-credentials-extended/":   "",
		"/latest/meta-data/tags/instance/":                       "",
		"/latest/meta-data/placement/regio":                      "",
		"/latest/meta-data/iam/security-credentials/app/nothing": "",
		"/2999-01-01/meta-data/instance-id":                      "",
		"/meta-data/instance-id":                                 "",
		"/latest/dynamic/instance-identity/signature":            "",
	} {
		status := http.StatusOK
		if want == "" {
			status, want = http.StatusNotFound, imdstest.ErrorPage(404)
		}
		got, _ := b.get(path)
		if diff := cmp.Diff(reply{status, "EC2ws", want}, got); diff != "" {
			t.Errorf("GET %s: -want +got:\n%s", path, diff)
		}
	}
	if got, _ := browse(t, imdstest.New(imdstest.MustFind("healthy"))).get("/latest/user-data"); got.Status != http.StatusNotFound {
		t.Errorf("user-data that nobody gave: %d", got.Status)
	}
}

// TestInstanceAgrees wants every place to say the same of the instance, whatever
// it is.
func TestInstanceAgrees(t *testing.T) {
	for _, tc := range []struct{ zone, region, hostname string }{
		{"us-east-1a", "us-east-1", "ip-10-237-0-21.ec2.internal"},
		{"eu-central-1c", "eu-central-1", "ip-10-237-0-21.eu-central-1.compute.internal"},
		{"us-gov-west-1b", "us-gov-west-1", "ip-10-237-0-21.us-gov-west-1.compute.internal"},
	} {
		sc := imdstest.MustFind("extended_credentials")
		sc.Instance.Zone = tc.zone
		b := browse(t, imdstest.New(sc))
		mac := b.text("/latest/meta-data/mac")
		network := "/latest/meta-data/network/interfaces/macs/" + mac + "/"
		var identity map[string]any
		if err := json.Unmarshal([]byte(b.text("/latest/dynamic/instance-identity/document")), &identity); err != nil {
			t.Fatal(err)
		}
		delete(identity, "pendingTime")
		want := map[string]any{
			"accountId": imdstest.AccountID, "architecture": "x86_64", "availabilityZone": tc.zone, "imageId": b.text("/latest/meta-data/ami-id"),
			"instanceId": b.text("/latest/meta-data/instance-id"), "instanceType": b.text("/latest/meta-data/instance-type"),
			"privateIp": b.text("/latest/meta-data/local-ipv4"), "region": tc.region, "version": "2017-09-30",
			"billingProducts": nil, "devpayProductCodes": nil, "marketplaceProductCodes": nil, "kernelId": nil, "ramdiskId": nil,
		}
		if diff := cmp.Diff(want, identity); diff != "" {
			t.Errorf("%s: -want +got:\n%s", tc.zone, diff)
		}
		for path, want := range map[string]string{
			"/latest/meta-data/hostname":                    tc.hostname,
			"/latest/meta-data/local-hostname":              tc.hostname,
			"/latest/meta-data/placement/availability-zone": tc.zone,
			"/latest/meta-data/placement/region":            tc.region,
			network + "local-hostname":                      tc.hostname,
			network + "local-ipv4s":                         "10.237.0.21",
			network + "mac":                                 mac,
			network + "owner-id":                            imdstest.AccountID,
			network + "subnet-ipv4-cidr-block":              "10.237.0.0/24",
		} {
			if got := b.text(path); got != want {
				t.Errorf("%s: %s: %q, want %q", tc.zone, path, got, want)
			}
		}
		if !strings.HasPrefix(sc.Instance.Profile.ARN, "arn:aws:iam::"+imdstest.AccountID+":") {
			t.Errorf("the profile is of another account: %s", sc.Instance.Profile.ARN)
		}
	}
}

// TestExtendedCredentials wants the same keys at both places, with the account.
func TestExtendedCredentials(t *testing.T) {
	b := browse(t, imdstest.New(imdstest.MustFind("extended_credentials")))
	documents := map[string]map[string]string{}
	for _, list := range []string{"security-credentials/", "security-credentials-extended/"} {
		path := "/latest/meta-data/iam/" + list
		document := map[string]string{}
		if err := json.Unmarshal([]byte(b.text(path+b.text(path))), &document); err != nil {
			t.Fatal(err)
		}
		documents[list] = document
	}
	if got, want := b.text("/latest/meta-data/iam/"), "info\nsecurity-credentials/\nsecurity-credentials-extended/"; got != want {
		t.Errorf("iam/: %q, want %q", got, want)
	}
	want := maps.Clone(documents["security-credentials/"])
	want["AccountId"] = imdstest.AccountID
	if diff := cmp.Diff(want, documents["security-credentials-extended/"]); diff != "" {
		t.Errorf("-plain +extended:\n%s", diff)
	}
}

// TestRedirectToSlash compares the redirect with the captured one.
func TestRedirectToSlash(t *testing.T) {
	b := browse(t, imdstest.New(imdstest.MustFind("redirect_to_slash")))
	got, header := b.get("/latest/meta-data/iam/security-credentials")
	if diff := cmp.Diff(reply{http.StatusMovedPermanently, "EC2ws", ""}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got, want := header.Get("Location"), "http://imds/latest/meta-data/iam/security-credentials/"; got != want {
		t.Errorf("Location: %s, want %s", got, want)
	}
	if got := b.text("/latest/meta-data/iam/security-credentials/"); got != imdstest.Role {
		t.Errorf("with the slash: %q", got)
	}
}

// TestDocuments has the fields of the documents.
func TestDocuments(t *testing.T) {
	keys := []string{"AccessKeyId", "Code", "Expiration", "LastUpdated", "SecretAccessKey", "Token", "Type"}
	refused := []string{"Code", "LastUpdated", "Message"}
	for _, tc := range []struct {
		scenario, path, code string
		fields               []string
	}{
		{"healthy", "iam/info", "Success", []string{"Code", "InstanceProfileArn", "InstanceProfileId", "LastUpdated"}},
		{"healthy", "iam/security-credentials/app", "Success", keys},
		{"healthy", "identity-credentials/ec2/info", "Success", []string{"AccountId", "Code", "LastUpdated"}},
		{"healthy", "identity-credentials/ec2/security-credentials/ec2-instance", "Success", keys},
		{"instance_profile_not_found", "iam/info", "InstanceProfileNotFound", refused},
		{"assume_role_unauthorized", "iam/security-credentials/app", "AssumeRoleUnauthorizedAccess", refused},
	} {
		document := map[string]string{}
		b := browse(t, imdstest.New(imdstest.MustFind(tc.scenario)))
		if err := json.Unmarshal([]byte(b.text("/latest/meta-data/"+tc.path)), &document); err != nil {
			t.Errorf("%s: %s: %v", tc.scenario, tc.path, err)
		}
		if diff := cmp.Diff(tc.fields, slices.Sorted(maps.Keys(document))); diff != "" || document["Code"] != tc.code {
			t.Errorf("%s: %s: code %s; -want +got:\n%s", tc.scenario, tc.path, document["Code"], diff)
		}
	}
}

// TestProfileWithoutRole wants the listing to be there, and empty.
func TestProfileWithoutRole(t *testing.T) {
	sc := imdstest.MustFind("no_role_empty_listing")
	sc.Instance.Profile.Extended = true
	b := browse(t, imdstest.New(sc))
	for _, list := range []string{"security-credentials/", "security-credentials-extended/"} {
		if got, _ := b.get("/latest/meta-data/iam/" + list); got.Status != http.StatusOK || got.Body != "" {
			t.Errorf("%s: %d, %q", list, got.Status, got.Body)
		}
	}
}
