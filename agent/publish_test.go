package agent_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/agent/internal/agenttest"
)

// TestTextfileIsOurs wants the textfile to hold what is served, but for what
// node_exporter has of its own process.
func TestTextfileIsOurs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "imds.prom")
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "healthy", func(o *agent.Options) { o.TextfilePath = path })
		defer d.Stop()
		synctest.Wait()
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var want strings.Builder
		for line := range strings.Lines(d.Get("/metrics").Body.String()) {
			if name := strings.TrimPrefix(strings.TrimPrefix(line, "# HELP "), "# TYPE "); strings.HasPrefix(name, "imds_") {
				want.WriteString(line)
			}
		}
		if diff := cmp.Diff(want.String(), string(got)); diff != "" {
			t.Errorf("-served +written:\n%s", diff)
		}
	})
}
