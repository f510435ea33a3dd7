package systemd_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/e2e/nspawn"
)

// conditions returns what each vantage sees.
func (h host) conditions(t *testing.T) map[string]string {
	t.Helper()
	h.awaitReady(t)
	seen := map[string]string{}
	for _, v := range h.status(t).Vantages {
		seen[v.Vantage] = v.Condition
	}
	return seen
}

// testUserVantage looks as a user whom the firewall keeps from IMDS.
func (h host) testUserVantage(t *testing.T) {
	h.Run(t, "ip", "rule", "add", "uidrange", "33-33", "to", nspawn.IMDSAddress, "unreachable")
	t.Cleanup(func() { h.Run(t, "ip", "rule", "del", "uidrange", "33-33", "to", nspawn.IMDSAddress, "unreachable") })
	h.blockedVantage(t, "vantage-user.conf", "user:www-data", "0000000000000080") // CAP_SETUID
}

// testNetnsVantage looks from a namespace that has no route to IMDS.
func (h host) testNetnsVantage(t *testing.T) {
	h.Run(t, "ip", "netns", "add", "app")
	t.Cleanup(func() { h.Run(t, "ip", "netns", "del", "app") })
	h.blockedVantage(t, "vantage-netns.conf", "netns:/run/netns/app", "0000000000200000") // CAP_SYS_ADMIN
}

// blockedVantage wants a drop-in to give the daemon a vantage, from which IMDS is
// blocked, and the one capability that it takes.
func (h host) blockedVantage(t *testing.T, dropin, vantage, capability string) {
	t.Helper()
	h.example(t, dropin)
	h.args(t, quick+" --vantage=host --vantage="+vantage)
	h.Run(t, "systemctl", "restart", unit)
	want := map[string]string{"host": "healthy", vantage: "firewall_blocked"}
	if diff := cmp.Diff(want, h.conditions(t)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := h.Run(t, "grep", "CapBnd", "/proc/"+h.pid(t)+"/status"); !strings.HasSuffix(got, capability) {
		t.Errorf("more than %s: %s", capability, got)
	}
}

// testIPAllow wants systemd to take the list as it is meant. To enforce it is
// systemd's part, and needs a host whose only hierarchy is cgroup v2.
func (h host) testIPAllow(t *testing.T) {
	h.example(t, "ip-allow.conf")
	h.Run(t, "systemctl", "restart", unit)
	for property, want := range map[string][]string{
		"IPAddressDeny":  {"0.0.0.0/0", "::/0"},
		"IPAddressAllow": {"10.0.0.0/8", "127.0.0.0/8", "169.254.169.254/32", "::1/128", "fd00:ec2::254/128"},
	} {
		got := slices.Sorted(strings.FieldsSeq(h.Show(t, unit, property)))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", property, diff)
		}
	}
	if got := h.conditions(t)["host"]; got != "healthy" {
		t.Errorf("the host sees %s", got)
	}
}

// testTextfile writes for node_exporter, first where the sandbox forbids it.
func (h host) testTextfile(t *testing.T) {
	const path = "/run/imds-probe/imds.prom"
	log := h.follow(t)
	h.args(t, quick+" --textfile.path="+path)
	h.Run(t, "systemctl", "restart", unit)
	log.AwaitText(t, "textfile not written", limit)
	h.awaitReady(t)

	h.example(t, "textfile.conf")
	h.args(t, quick+" --textfile.path="+path)
	h.Run(t, "systemctl", "restart", unit)
	nspawn.Eventually(t, "the file is there", func() bool { return h.Command("test", "-s", path).Run() == nil })
	if got := h.Run(t, "stat", "--format=%a", path); got != "644" {
		t.Errorf("mode %s, want 644", got)
	}
	if text := h.Run(t, "cat", path); !strings.Contains(text, `imds_condition{condition="healthy",vantage="host"} 1`) {
		t.Errorf("no verdict in the file:\n%s", text)
	}
	if left := h.Run(t, "ls", filepath.Dir(path)); left != "imds.prom" {
		t.Errorf("more than the file is left: %s", left)
	}
	before := h.Run(t, "stat", "--format=%i", path)
	nspawn.Eventually(t, "another file takes its place", func() bool { return h.Run(t, "stat", "--format=%i", path) != before })
}

// testTLS serves a certificate that the daemon cannot read by itself.
func (h host) testTLS(t *testing.T) {
	cert := harness.NewCertificate(t, nspawn.MachineAddress)
	h.Write(t, "/etc/imds-probe/web.yml", "tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n")
	h.Write(t, "/etc/imds-probe/tls.crt", string(cert.Certificate))
	h.Write(t, "/etc/imds-probe/tls.key", string(cert.Key))
	t.Cleanup(func() { h.Run(t, "rm", "-r", "/etc/imds-probe") })
	h.Run(t, "chmod", "600", "/etc/imds-probe/tls.key")
	h.example(t, "tls.conf")
	h.args(t, quick+" --web.config.file=/run/credentials/imds-probe.service/web.yml")
	h.Run(t, "systemctl", "restart", unit)

	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, cert.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	out := nspawn.Output(t, h.net.Command("curl", "--silent", "--show-error", "--fail", "--cacert", ca,
		"https://"+nspawn.MachineAddress+":16925/-/healthy"))
	if out != "healthy" {
		t.Errorf("by TLS: %s", out)
	}
	if out, err := h.net.Get("/-/healthy"); err == nil {
		t.Errorf("without TLS: %s", out)
	}
}

// testSocket lets the first request start the daemon.
func (h host) testSocket(t *testing.T) {
	h.Run(t, "systemctl", "stop", unit)
	h.example(t, "socket.conf")
	h.Run(t, "systemctl", "start", "imds-probe.socket")
	t.Cleanup(func() { h.Run(t, "systemctl", "stop", "imds-probe.socket", unit) })
	if got := h.Show(t, unit, "ActiveState"); got != "inactive" {
		t.Fatalf("before the first request the daemon is %s", got)
	}
	if out, err := h.net.Get("/-/healthy"); err != nil || out != "healthy\n" {
		t.Errorf("the first request: %v: %s", err, out)
	}
	if got := h.Show(t, unit, "ActiveState"); got != "active" {
		t.Errorf("after the first request the daemon is %s", got)
	}
}
