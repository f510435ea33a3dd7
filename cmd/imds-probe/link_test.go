package main

import (
	"regexp"
	"testing"

	"github.com/imds-probe/imds-probe/cmd/internal/cli/clitest"
)

// TestNoServiceClient wants the daemon to link nothing of the SDK that asks AWS, or
// that looks for credentials.
func TestNoServiceClient(t *testing.T) {
	clitest.DependsOnNone(t, regexp.MustCompile(`(?m)^github\.com/aws/aws-sdk-go-v2/(service|config|credentials)\b.*$`))
}
