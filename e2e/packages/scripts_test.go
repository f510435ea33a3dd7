package packages_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/e2e/nspawn"
)

// apart runs a script in mounts of its own, in which there is no state of any
// service and no systemd.
const apart = `
mount -t tmpfs none /run
mount -t tmpfs none /etc/systemd
mount -t tmpfs none /var/lib
mkdir /var/lib/imds-probe-of-another
eval "$1"
sh "$2" "$3"
ls /var/lib
`

// TestRemovalTakesTheState runs what a purge, or the removal of an rpm, runs last
// on each shape that the state can have: systemd makes a link of DynamicUser= and a
// folder of a User= in a drop-in.
func TestRemovalTakesTheState(t *testing.T) {
	harness.NeedRoot(t)
	for _, state := range []struct{ name, make, left string }{
		{"none", ":", "imds-probe-of-another"},
		{"a folder", "mkdir /var/lib/imds-probe && echo {} >/var/lib/imds-probe/state.json", "imds-probe-of-another"},
		{
			"a link",
			"mkdir -p /var/lib/private/imds-probe && echo {} >/var/lib/private/imds-probe/state.json && ln -s private/imds-probe /var/lib/imds-probe",
			"imds-probe-of-another\nprivate",
		},
		{
			"a link to elsewhere", // the administrator's own, whose target is not ours
			"mkdir /var/lib/disk && ln -s disk /var/lib/imds-probe",
			"disk\nimds-probe-of-another",
		},
	} {
		for script, argument := range map[string]string{"deb/postrm": "purge", "rpm/postun": "0"} {
			t.Run(state.name+", "+script, func(t *testing.T) {
				path := filepath.Join(harness.Root(), "deploy", "package", "scripts", script)
				cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "sh", "-ec", apart, "sh", state.make, path, argument)
				cmd.Env = append(cmd.Environ(), "DPKG_MAINTSCRIPT_PACKAGE=imds-probe") // as dpkg sets it
				got := nspawn.Output(t, cmd)
				if diff := cmp.Diff(state.left, got); diff != "" {
					t.Errorf("what is left of /var/lib: -want +got:\n%s", diff)
				}
			})
		}
	}
}
