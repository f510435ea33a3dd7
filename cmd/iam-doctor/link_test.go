package main

import (
	"testing"

	"github.com/imds-probe/imds-probe/cli/clitest"
)

func TestDeadCodeIsLeftOut(t *testing.T) { clitest.DeadCodeIsLeftOut(t) }
