package cli_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/version"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
)

func TestVersionIsPrometheuss(t *testing.T) {
	parts := []*string{&version.Version, &version.Revision, &version.Branch, &version.BuildUser, &version.BuildDate}
	for _, text := range []string{"", "set by the linker"} {
		for _, part := range parts {
			before := *part
			*part = text
			t.Cleanup(func() { *part = before })
		}
		if diff := cmp.Diff(version.Print("imds-probe"), cli.Version("imds-probe")); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}
