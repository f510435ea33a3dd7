package wire_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/safchain/ethtool"

	"github.com/imds-probe/imds-probe/probes/wire"
)

// TestDriverStats reads what the ethtool module reads of every device that this
// machine has: the names, and the numbers where they do not move on between two
// looks.
func TestDriverStats(t *testing.T) {
	devices, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	tool, err := ethtool.NewEthtool()
	if err != nil {
		t.Fatal(err)
	}
	defer tool.Close()
	for _, d := range devices {
		want, wantErr := tool.Stats(d.Name)
		got, err := wire.DriverStats(d.Name)
		t.Logf("%s: %d statistics, %v", d.Name, len(got), err)
		if errors.Is(err, syscall.ENODEV) || errors.Is(wantErr, syscall.ENODEV) {
			continue // gone meanwhile
		}
		if (err != nil) != (wantErr != nil) {
			t.Errorf("%s: error %v, want %v", d.Name, err, wantErr)
		}
		if d.Flags&net.FlagUp != 0 {
			want, got = names(want), names(got)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", d.Name, diff)
		}
	}
	if _, err := wire.DriverStats("no-such-device"); err == nil {
		t.Error("no error for a device that does not exist")
	}
}

func names(stats map[string]uint64) map[string]uint64 {
	all := map[string]uint64{}
	for name := range stats {
		all[name] = 0
	}
	return all
}
