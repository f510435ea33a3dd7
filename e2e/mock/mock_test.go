// Package mock_test drives the built binary against an IMDS that we did not
// write: AWS's amazon-ec2-metadata-mock.
package mock_test

import (
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

const (
	mockModule  = "tools/ec2-metadata-mock"
	mockCommand = "github.com/aws/amazon-ec2-metadata-mock/cmd/ec2-metadata-mock"
)

// values are documents of the mock, by its names for them.
type values map[string]any

// startMock runs the mock with IMDSv2 required, and returns its endpoint. The
// missing paths, by its names for them, are answered with 404.
func startMock(t *testing.T, v values, missing ...string) string {
	t.Helper()
	binary := harness.BuildTool(t, mockModule, mockCommand)
	dir := t.TempDir()
	paths := values{}
	for _, name := range missing {
		paths[name] = ""
	}
	config, err := json.Marshal(map[string]any{"metadata": map[string]any{"values": v, "paths": paths}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "config.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(freeAddress(t))
	cmd := exec.Command(binary, "-n", host, "-p", port, "-I", "-c", file)
	cmd.Env = append(os.Environ(), "HOME="+dir) // it writes what it uses there
	harness.StartCmd(t, cmd)
	endpoint := "http://" + net.JoinHostPort(host, port)
	awaitAnswer(t, endpoint)
	return endpoint
}

// freeAddress finds a port by itself: the mock takes no port 0.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func awaitAnswer(t *testing.T, endpoint string) {
	t.Helper()
	client := http.Client{Timeout: time.Second}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		resp, err := client.Get(endpoint + "/latest/meta-data/")
		if err == nil {
			_ = resp.Body.Close()
			return
		}
	}
	t.Fatal("the mock does not answer")
}

// report is what the test looks at of a report.
type report struct {
	Condition string
	Vantages  []struct{ Reason, Code, Role string }
}

func check(t *testing.T, endpoint string, args ...string) (r report, exitCode int) {
	t.Helper()
	cmd := exec.Command(harness.Build(t, "imds-probe"), append([]string{"check", "--output=json", "--imds.endpoint=" + endpoint}, args...)...)
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return r, cmd.ProcessState.ExitCode()
}

func info(change values) values {
	doc := values{
		"Code": "Success", "LastUpdated": time.Now().UTC().Add(-20 * time.Minute).Format(time.RFC3339),
		"InstanceProfileArn": "arn:aws:iam::896453262835:instance-profile/baskinc-role",
		"InstanceProfileId":  "AIPA5BOGHHXZELSK34VU4",
	}
	maps.Copy(doc, change)
	return lower(doc)
}

func credentials(change values) values {
	doc := values{
		"Code": "Success", "LastUpdated": time.Now().UTC().Format(time.RFC3339), "Type": "AWS-HMAC",
		"AccessKeyId": "ASIACANARY0000000000", "SecretAccessKey": "CanarySecretAccessKey/", "Token": "CanaryToken//",
		"Expiration": time.Now().UTC().Add(6 * time.Hour).Format(time.RFC3339),
	}
	maps.Copy(doc, change)
	return lower(doc)
}

// lower writes names as the mock's configuration has them.
func lower(doc values) values {
	out := values{}
	for k, v := range doc {
		out[strings.ToLower(k)] = v
	}
	return out
}

// TestMock sets the mock's documents to each state that it can show. It sends no
// Server header, hence the flag.
func TestMock(t *testing.T) {
	well := values{"iam-info": info(nil), "iam-security-credentials": credentials(nil)}
	with := func(name string, doc any) values {
		v := maps.Clone(well)
		v[name] = doc
		return v
	}
	for _, tc := range []struct {
		name      string
		values    values
		missing   []string
		condition string
		reason    string
		exitCode  int
	}{
		{"its own defaults, whose key expired in 2020", nil, nil, "credentials_expired", "expired", 2},
		{"well", well, nil, "healthy", "ok", 0},
		{"profile deleted", with("iam-info", info(values{"Code": "InstanceProfileNotFound"})), nil, "instance_profile_not_found", "profile_not_found", 2},
		{"trust refused", with("iam-security-credentials", credentials(values{"Code": "AssumeRoleUnauthorizedAccess"})), nil, "assume_role_unauthorized", "assume_role_refused", 2},
		{"another code", with("iam-security-credentials", credentials(values{"Code": "Failed"})), nil, "credentials_error", "other_code", 2},
		{"expired", with("iam-security-credentials", credentials(values{"Expiration": "2020-01-01T00:00:00Z"})), nil, "credentials_expired", "expired", 2},
		{"no expiration", with("iam-security-credentials", credentials(values{"Expiration": ""})), nil, "credentials_malformed", "field_missing", 2},
		{"stalled", with("iam-info", info(values{"LastUpdated": time.Now().UTC().Add(-10 * time.Hour).Format(time.RFC3339)})), nil, "rotation_stalled", "little_life_left", 1},
		{"no info", well, []string{"iam-info"}, "info_unreadable", "not_found", 1},
		{"no profile", well, []string{"iam-info", "iam-security-credentials", "iam-security-credentials-role"}, "no_instance_profile", "not_found", 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			endpoint := startMock(t, tc.values, tc.missing...)
			r, code := check(t, endpoint, "--imds.allow-server=.*")
			if r.Condition != tc.condition || code != tc.exitCode || r.Vantages[0].Reason != tc.reason {
				t.Errorf("got %s (%s), exit code %d; want %s (%s), %d", r.Condition, r.Vantages[0].Reason, code, tc.condition, tc.reason, tc.exitCode)
			}
		})
	}
}

// TestMockIsNotIMDS wants an answer without IMDS's Server header not to be taken
// for IMDS's.
func TestMockIsNotIMDS(t *testing.T) {
	r, code := check(t, startMock(t, nil))
	if r.Condition != "intercepted" || code != 2 {
		t.Errorf("got %s, exit code %d", r.Condition, code)
	}
}

// TestDaemonOnMock runs the daemon, and wants its verdict in the metrics.
func TestDaemonOnMock(t *testing.T) {
	endpoint := startMock(t, values{"iam-info": info(nil), "iam-security-credentials": credentials(nil)})
	daemon, address := harness.Daemon(t, endpoint, "--imds.allow-server=.*")
	daemon.AwaitEvent(t, 0, 10*time.Second, "healthy", func(e harness.Event) bool { return e.To == "healthy" })
	metrics := harness.Get(t, "http://"+address+"/metrics")
	for _, want := range []string{
		`imds_condition{condition="healthy",vantage="host"} 1`,
		`role="baskinc-role",vantage="host"} 1`,
		`imds_up{vantage="host"} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in:\n%s", want, metrics)
		}
	}
	if err := daemon.Stop(t, 2*time.Second); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
}
