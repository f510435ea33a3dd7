package wire_test

import (
	"net"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/probes/wire"
)

// TestDropsOfThisHost reads the real devices, for which nobody needs a privilege.
// None of a machine that is not an EC2 instance counts drops.
func TestDropsOfThisHost(t *testing.T) {
	var counter wire.LinkLocalCounter
	for range 2 {
		for device := range counter.Drops() {
			if _, err := net.InterfaceByName(device); err != nil {
				t.Errorf("a counter of no device: %s", device)
			}
		}
	}
	if drops := counter.Drops(); drops == nil {
		t.Error("no map")
	}
}

// TestDropsRemembersDevices wants devices that do not count to be asked once, and
// every new device to be asked.
func TestDropsRemembersDevices(t *testing.T) {
	drivers := map[string]map[string]uint64{
		"ens5":  {"linklocal_allowance_exceeded": 7, "queue_0_tx_cnt": 1},
		"ens6":  {"linklocal_allowance_exceeded": 0},
		"veth1": {"peer_ifindex": 3},
	}
	asked := map[string]int{}
	stats := func(device string) (map[string]uint64, error) {
		asked[device]++
		if driver, ok := drivers[device]; ok {
			return driver, nil
		}
		if device == "busy0" && asked[device] == 1 {
			return nil, syscall.EBUSY
		}
		return nil, syscall.EOPNOTSUPP
	}
	devices := []net.Interface{
		{Index: 1, Name: "lo", Flags: net.FlagLoopback},
		{Index: 2, Name: "ens5"},
		{Index: 3, Name: "ens6"},
		{Index: 4, Name: "veth1"},
		{Index: 5, Name: "dummy0"},
		{Index: 6, Name: "busy0"},
	}
	var counter wire.LinkLocalCounter
	for range 3 {
		got := counter.DropsOf(devices, stats)
		if diff := cmp.Diff(map[string]uint64{"ens5": 7, "ens6": 0}, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	want := map[string]int{"ens5": 3, "ens6": 3, "veth1": 1, "dummy0": 1, "busy0": 2}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("questions -want +got:\n%s", diff)
	}

	// ens6 is taken away, veth1 is replaced by a device that counts.
	drivers["veth1"] = map[string]uint64{"linklocal_allowance_exceeded": 9}
	devices = []net.Interface{{Index: 2, Name: "ens5"}, {Index: 9, Name: "veth1"}}
	if diff := cmp.Diff(map[string]uint64{"ens5": 7, "veth1": 9}, counter.DropsOf(devices, stats)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
