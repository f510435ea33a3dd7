package wire

import "net"

// OnThread is onThread.
func OnThread(enter func() (leave func() error, err error), f func()) error {
	_, err := onThread(
		func() (leave, error) { return enter() },
		func() (net.Conn, error) { f(); return nil, nil }, //nolint:nilnil // running is all
	)
	return err
}

// DropsOf is Drops for these devices.
func (c *LinkLocalCounter) DropsOf(devices []net.Interface, stats func(string) (map[string]uint64, error)) map[string]uint64 {
	return c.drops(devices, stats)
}

// DriverStats is driverStats.
var DriverStats = driverStats
