package main

import (
	"regexp"
	"testing"

	"github.com/imds-probe/imds-probe/cmd/internal/cli/clitest"
)

func TestDeadCodeIsLeftOut(t *testing.T) { clitest.DeadCodeIsLeftOut(t) }

// TestNoServer wants nothing of the daemon, its server or the simulator in the doctor.
func TestNoServer(t *testing.T) {
	clitest.DependsOnNone(t, regexp.MustCompile(`(?m)^.*(prometheus/exporter-toolkit|imds-probe/agent|probes/(ladder|wire|imdstest)).*$`))
}
