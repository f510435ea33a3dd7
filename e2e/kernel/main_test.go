package kernel_test

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

var update = flag.Bool("update", false, "write the table of docs/firewalls.md, and testdata/detection.txt, anew")

func TestMain(m *testing.M) {
	flag.Parse()
	// The tests wait for packets and time-outs far more than they compute.
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	if code := m.Run(); code == 0 && *update {
		if err := detections.write("testdata/detection.txt"); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

// cleanUp removes, once, what crashed runs have left.
var cleanUp = sync.OnceFunc(removeLeftovers)

// need ends a test that lacks a part, and says which. The packages are those of
// packages.txt.
func need(t *testing.T) {
	t.Helper()
	harness.NeedRoot(t)
	for command, debianPackage := range map[string]string{
		"ip": "iproute2", "nft": "nftables", "curl": "curl", "sysctl": "procps", "setpriv": "util-linux",
	} {
		harness.NeedCommand(t, command, debianPackage)
	}
	cleanUp()
}
