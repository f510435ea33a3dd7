package main

import (
	"testing"

	"imds-probe/cli/clitest"
)

func TestDeadCodeIsLeftOut(t *testing.T) { clitest.DeadCodeIsLeftOut(t) }
