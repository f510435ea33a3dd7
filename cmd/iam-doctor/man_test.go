package main

import (
	"testing"

	"github.com/imds-probe/imds-probe/cmd/internal/cli/clitest"
	"github.com/imds-probe/imds-probe/cmd/internal/cli/manpage"
)

func TestManualPage(t *testing.T) {
	clitest.ManualPage(t, rootCommand(), manpage.Section{Title: "SEE ALSO", Text: "imds-probe(1)"})
}
