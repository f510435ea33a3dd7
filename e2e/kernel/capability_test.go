package kernel_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// TestMissingCapability starts the commands without the capability that their
// vantage needs.
func TestMissingCapability(t *testing.T) {
	t.Parallel()
	w := newBridged(t)
	inside := "netns:" + w.container(t).path()
	for _, tc := range []struct {
		vantage string
		without string // capabilities, as setpriv has them
		says    []string
	}{
		{appUser, "-setuid", []string{"--vantage=" + appUser, "CAP_SETUID", "deploy/systemd/imds-probe.service.d/vantage-user.conf"}},
		{inside, "-sys_admin", []string{"--vantage=" + inside, "CAP_SYS_ADMIN", "deploy/systemd/imds-probe.service.d/vantage-netns.conf"}},
	} {
		// A capability may be granted by the time systemd tries again.
		for command, code := range map[string]int{"run": 1, "check": 3} {
			t.Run(command+" "+tc.vantage, func(t *testing.T) {
				cmd := w.host.command("setpriv", "--bounding-set="+tc.without, "--inh-caps="+tc.without,
					harness.Build(t, "imds-probe"), command, "--vantage=host", "--vantage="+tc.vantage)
				assertStartError(t, cmd, code, tc.says)
			})
		}
	}
}

func assertStartError(t *testing.T, cmd *exec.Cmd, code int, says []string) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != code {
		t.Errorf("ends with %v, want exit code %d", err, code)
	}
	text := strings.TrimSpace(string(out))
	if strings.Contains(text, "\n") {
		t.Errorf("not one line:\n%s", text)
	}
	for _, part := range says {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not say %q", text, part)
		}
	}
	t.Log(text)
}

// TestOneCapabilityIsEnough runs as a user who has nothing but the capability
// that the drop-in grants.
func TestOneCapabilityIsEnough(t *testing.T) {
	t.Parallel()
	w := newBridged(t)
	w.simulate(t)
	inside := "netns:" + w.container(t).path()
	w.host.nft(t, "output", "meta skuid "+appUID+" tcp dport 80 reject with tcp reset")
	for _, tc := range []struct {
		vantage, capability string
		want                verdict
	}{
		{appUser, "+setuid", connectRefused},
		{inside, "+sys_admin", healthy},
		{"user:65534", "-all", healthy}, // the user itself needs none
	} {
		t.Run(tc.vantage, func(t *testing.T) {
			as := []string{
				"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs",
				"--inh-caps=-all," + tc.capability, "--ambient-caps=-all," + tc.capability, "--bounding-set=-all," + tc.capability,
			}
			for _, f := range families {
				cmd := w.host.command(append(append(as, harness.Build(t, "imds-probe"), "check", "--output=json", f.flag()), vantageFlags("host", tc.vantage)...)...)
				r, _ := startChecking(t, cmd).wait(t)
				got := r.verdicts()
				if got["host"] != healthy || got[tc.vantage] != tc.want {
					t.Errorf("%s: sees %v; want the host healthy, and %s %v", f, got, tc.vantage, tc.want)
				}
			}
		})
	}
}
