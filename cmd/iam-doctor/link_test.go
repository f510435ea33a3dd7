package main

import (
	"testing"

	"github.com/imds-probe/imds-probe/cmd/internal/cli/clitest"
)

func TestDeadCodeIsLeftOut(t *testing.T) { clitest.DeadCodeIsLeftOut(t) }
