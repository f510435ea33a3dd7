package clients_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// found is what a client found out about its instance, as far as it asks.
type found struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Region, AccountID, InstanceID, Hostname    string
	// Cloud, Interfaces and Classic are what cloud-init makes of it.
	Cloud      string
	Interfaces []string
	Classic    bool
}

// client is a client of IMDS.
type client struct {
	name string
	// full is one that takes minutes to build.
	full bool
	// install makes it ready, and returns the command that prints what it found.
	install func(t *testing.T) []string
	// read reads what it prints; nil for JSON.
	read func(out string) (found, error)
	// asks keeps what the client asks for of all that there is to find.
	asks func(all found) found
	// missing are the paths that it tries and that most instances do not have.
	missing []string
}

func keysOnly(all found) found {
	return found{AccessKeyID: all.AccessKeyID, SecretAccessKey: all.SecretAccessKey, SessionToken: all.SessionToken}
}

func keysAndRegion(all found) found {
	f := keysOnly(all)
	f.Region = all.Region
	return f
}

func keysRegionIdentity(all found) found {
	f := keysAndRegion(all)
	f.AccountID, f.InstanceID = all.AccountID, all.InstanceID
	return f
}

// clients returns the clients of this run.
func clients() (list []client) {
	for _, c := range allClients() {
		if !c.full || harness.Full() {
			list = append(list, c)
		}
	}
	return list
}

func allClients() []client {
	return []client{
		{name: "botocore", install: func(t *testing.T) []string {
			dir := pythonClients(t)
			return []string{filepath.Join(dir, "venv/bin/python"), filepath.Join(dir, "botocore_client.py")}
		}, asks: keysAndRegion},
		{name: "awscli", install: func(t *testing.T) []string {
			return []string{filepath.Join(pythonClients(t), "venv/bin/aws"), "s3", "presign", "s3://bucket/key"}
		}, read: readPresigned, asks: func(all found) found {
			return found{AccessKeyID: all.AccessKeyID, SessionToken: all.SessionToken}
		}},
		{name: "AWS SDK for Go v2", install: func(t *testing.T) []string {
			return []string{goClients(t)}
		}, asks: keysRegionIdentity},
		{name: "minio-go", install: func(t *testing.T) []string {
			return []string{goClients(t), "minio"}
		}, asks: keysOnly},
		{name: "AWS SDK for JavaScript v3", install: func(t *testing.T) []string {
			return []string{harness.NeedCommand(t, "node", "nodejs"), filepath.Join(javaScriptClients(t), "client.js")}
		}, asks: keysRegionIdentity},
		{name: "cloud-init's EC2 datasource", install: cloudInit, asks: func(all found) found {
			return found{
				Region: all.Region, AccountID: all.AccountID, InstanceID: all.InstanceID, Hostname: all.Hostname,
				Cloud: "aws", Interfaces: []string{"eth0"},
			}
		}, missing: []string{"/2021-03-23/user-data"}},
		{name: "AWS SDK for Java v2", full: true, install: func(t *testing.T) []string {
			java := harness.NeedCommand(t, "java", "default-jdk-headless")
			harness.NeedCommand(t, "mvn", "maven")
			dir := install(t, "java", "testdata/java", "mvn -q -B package dependency:copy-dependencies -DoutputDirectory=target/lib")
			return []string{java, "-cp", dir + "/target/client-1.jar:" + dir + "/target/lib/*", "Client"}
		}, asks: keysRegionIdentity},
		{name: "aws-config for Rust", full: true, install: func(t *testing.T) []string {
			harness.NeedCommand(t, "cargo", "cargo")
			return []string{install(t, "rust", "testdata/rust", "cargo build --quiet --release --locked") + "/target/release/client"}
		}, asks: keysAndRegion},
	}
}

func pythonClients(t *testing.T) string {
	t.Helper()
	harness.NeedCommand(t, "python3", "python3-venv")
	return install(t, "python", "testdata/python", "python3 -m venv venv", "venv/bin/python -m pip install -q -r requirements.txt")
}

func goClients(t *testing.T) string {
	t.Helper()
	return install(t, "go", "testdata/go", "go build -o client .") + "/client"
}

func javaScriptClients(t *testing.T) string {
	t.Helper()
	harness.NeedCommand(t, "npm", "npm")
	return install(t, "js", "testdata/js", "npm ci --silent --no-audit --no-fund")
}

// cloudInit unpacks Debian's package, and installs nothing: on a host that is no
// instance its services would look for one at the next boot.
func cloudInit(t *testing.T) []string {
	harness.NeedCommand(t, "python3", "python3-venv")
	dir := install(t, "cloudinit", "testdata/cloudinit",
		"python3 -m venv venv", "venv/bin/python -m pip install -q -r requirements.txt",
		"apt-get download -qq cloud-init", "dpkg-deb -x cloud-init_*.deb .",
		// So that Python finds the package as if it were installed.
		`echo "$PWD/usr/lib/python3/dist-packages" >"$(venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/debian.pth"`)
	return []string{filepath.Join(dir, "venv/bin/python"), filepath.Join(dir, "client.py"), imdstest.HealthyInstance().MAC}
}

// readPresigned reads the URL that the AWS CLI signs with the credentials it has.
func readPresigned(out string) (found, error) {
	u, err := url.Parse(strings.TrimSpace(out))
	if err != nil {
		return found{}, err
	}
	return found{AccessKeyID: u.Query().Get("AWSAccessKeyId"), SessionToken: u.Query().Get("x-amz-security-token")}, nil
}

// run starts a client in a namespace, in its default configuration, and returns
// what it found.
func (c client) run(ctx context.Context, t *testing.T, n namespace, command []string) (f found, err error) {
	t.Helper()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "PYTHONDONTWRITEBYTECODE=1"}
	out, err := n.output(cmd)
	if err != nil {
		return f, fmt.Errorf("%w: %s", err, out)
	}
	if c.read != nil {
		return c.read(out)
	}
	if err := json.Unmarshal([]byte(out), &f); err != nil {
		return f, fmt.Errorf("%w: %s", err, out)
	}
	return f, nil
}
