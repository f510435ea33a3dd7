package main

import (
	"testing"

	"imds-probe/cli/clitest"
	"imds-probe/cli/manpage"
)

func TestManualPage(t *testing.T) {
	clitest.ManualPage(t, rootCommand(), manpage.Section{Title: "SEE ALSO", Text: "imds-probe(1)"})
}
