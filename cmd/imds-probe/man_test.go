package main

import (
	"testing"

	"github.com/imds-probe/imds-probe/cmd/internal/cli/clitest"
	"github.com/imds-probe/imds-probe/cmd/internal/cli/manpage"
)

func TestManualPage(t *testing.T) {
	clitest.ManualPage(t, rootCommand(),
		manpage.Section{Title: "FILES", Text: `/etc/default/imds-probe has, as ARGS, the flags of the daemon that the package
installs; 'systemctl restart imds-probe' makes them take effect.

/var/lib/imds-probe/state.json is where that daemon keeps its state.`},
		manpage.Section{Title: "SEE ALSO", Text: "iam-doctor(1)"},
	)
}
