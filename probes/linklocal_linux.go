package probes

import (
	"net"

	"github.com/safchain/ethtool"
)

// LinkLocalDrops reads how many packets to link-local services (IMDS, DNS, NTP)
// each network device dropped because they exceeded the limit of 1024 a second:
// the ENA driver's linklocal_allowance_exceeded. Devices whose driver does not
// count them are absent. It needs no privilege.
func LinkLocalDrops() map[string]uint64 {
	drops := map[string]uint64{}
	devices, err := net.Interfaces()
	if err != nil {
		return drops
	}
	tool, err := ethtool.NewEthtool()
	if err != nil {
		return drops
	}
	defer tool.Close()
	for _, d := range devices {
		if d.Flags&net.FlagLoopback != 0 {
			continue
		}
		stats, err := tool.Stats(d.Name)
		if err != nil {
			continue
		}
		if n, counted := stats["linklocal_allowance_exceeded"]; counted {
			drops[d.Name] = n
		}
	}
	return drops
}
