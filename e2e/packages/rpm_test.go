package packages_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/e2e/nspawn"
)

const (
	unit     = "imds-probe.service"
	rpmPath  = "/root/imds-probe.rpm"
	defaults = "/etc/default/imds-probe"
)

// TestRPM takes a machine from the install to the removal. Its distribution is
// not one of rpm's, so rpm is told to trust that /bin/sh is there.
func TestRPM(t *testing.T) {
	older := harness.OnlyFile(t, filepath.Join(harness.BuildPackages(t, "0.0.1", "amd64"), "*.rpm"))
	newer := harness.OnlyFile(t, filepath.Join(harness.BuildPackages(t, "0.0.2", "amd64"), "*.rpm"))
	network := nspawn.NewNetwork(t)
	network.Simulate(t, "healthy")
	m := nspawn.Boot(t, nspawn.NewRoot(t), network)
	state := func(property string) string { return m.Show(t, unit, property) }
	rpm := func(args ...string) {
		t.Helper()
		m.Run(t, append([]string{"rpm", "--nodeps"}, args...)...)
	}
	awaitVerdict := func() {
		t.Helper()
		nspawn.Eventually(t, "systemd shows a verdict", func() bool { return strings.HasPrefix(state("StatusText"), "healthy: ") })
	}

	m.Install(t, older, rpmPath)
	rpm("--install", rpmPath)
	if got := state("ActiveState") + " " + state("UnitFileState"); got != "active enabled" {
		t.Errorf("after the install: %s", got)
	}
	awaitVerdict()

	edited := "ARGS=\"--probe.interval=7s\"\n"
	m.Write(t, defaults, edited)
	before := state("MainPID")
	m.Install(t, newer, rpmPath)
	rpm("--upgrade", rpmPath)
	if got := m.Run(t, "imds-probe", "--version"); !strings.Contains(got, "version 0.0.2") {
		t.Errorf("after the upgrade: %s", got)
	}
	if got := string(read(t, filepath.Join(m.Root, defaults))); got != edited {
		t.Errorf("the upgrade changed the configuration: %s", got)
	}
	if now := state("MainPID"); now == before || now == "0" {
		t.Errorf("the upgrade did not restart the daemon: pid %s, then %s", before, now)
	}
	awaitVerdict()

	rpm("--erase", "imds-probe")
	if got := state("ActiveState") + " " + state("LoadState"); got != "inactive not-found" {
		t.Errorf("after the removal: %s", got)
	}
	for _, path := range []string{
		"/usr/bin/imds-probe", "/var/lib/imds-probe", "/var/lib/private/imds-probe",
		"/etc/systemd/system/multi-user.target.wants/" + unit,
	} {
		if _, err := os.Lstat(filepath.Join(m.Root, path)); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", path, err)
		}
	}
	if got := string(read(t, filepath.Join(m.Root, defaults+".rpmsave"))); got != edited {
		t.Errorf("the edited configuration is lost: %s", got)
	}
}
