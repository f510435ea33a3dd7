package terminal_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// TestColour wants colour on a terminal, and none where it is not wanted or
// where nobody sees it.
func TestColour(t *testing.T) {
	check := harness.Build(t, "imds-probe") + " check --imds.endpoint=" + harness.Simulate(t, "no_role")
	script := harness.NeedCommand(t, "script", "bsdutils")
	onTerminal := []string{script, "--quiet", "--return", "--command", check, "/dev/null"}
	for name, test := range map[string]struct {
		command []string
		env     []string
		colour  bool
	}{
		"terminal":          {onTerminal, []string{"TERM=xterm"}, true},
		"terminal NO_COLOR": {onTerminal, []string{"TERM=xterm", "NO_COLOR=1"}, false},
		"dumb terminal":     {onTerminal, []string{"TERM=dumb"}, false},
		"pipe":              {[]string{"sh", "-c", check}, []string{"TERM=xterm"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), test.command[0], test.command[1:]...)
			cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "SHELL=/bin/sh"}, test.env...)
			out, err := cmd.Output()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 2 {
				t.Errorf("%v ended with %v, want exit code 2", cmd, err)
			}
			if !strings.Contains(string(out), "The instance profile does not contain a role") {
				t.Errorf("no verdict in %q", out)
			}
			if strings.Contains(string(out), "\x1b[") != test.colour {
				t.Errorf("colour: %v, want %v in %q", !test.colour, test.colour, out)
			}
		})
	}
}
