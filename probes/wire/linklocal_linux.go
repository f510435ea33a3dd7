package wire

import (
	"errors"
	"net"
	"sync"
	"syscall"
)

// LinkLocalCounter reads how many packets to link-local services (IMDS, DNS, NTP)
// each network device dropped because they exceeded the limit of 1024 a second:
// the ENA driver's linklocal_allowance_exceeded. It needs no privilege.
//
// It remembers which devices count at all, so that a host with hundreds of
// container devices is not asked for all their statistics each time. It is safe
// for concurrent use. The zero value is ready to use.
type LinkLocalCounter struct {
	mu sync.Mutex
	// counts tells of each device seen whether it counts. The key is more than
	// the index, since a device made anew under an old index may be another one.
	counts map[deviceID]bool
}

type deviceID struct {
	index int
	name  string
	mac   string
}

// statsFunc reads a device's statistics.
type statsFunc func(device string) (map[string]uint64, error)

// Drops returns the counters of all devices that have one.
func (c *LinkLocalCounter) Drops() map[string]uint64 {
	devices, err := net.Interfaces()
	if err != nil {
		return map[string]uint64{}
	}
	return c.drops(devices, driverStats)
}

func (c *LinkLocalCounter) drops(devices []net.Interface, stats statsFunc) map[string]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	drops := map[string]uint64{}
	counts := make(map[deviceID]bool, len(devices)) // without devices that are gone
	for _, d := range devices {
		id := deviceID{d.Index, d.Name, d.HardwareAddr.String()}
		if counted, asked := c.counts[id]; asked && !counted || d.Flags&net.FlagLoopback != 0 {
			counts[id] = false
			continue
		}
		all, err := stats(d.Name)
		if err != nil && !errors.Is(err, syscall.EOPNOTSUPP) {
			continue // a driver that is being reset, say: ask again
		}
		n, counted := all["linklocal_allowance_exceeded"]
		counts[id] = counted
		if counted {
			drops[d.Name] = n
		}
	}
	c.counts = counts
	return drops
}
