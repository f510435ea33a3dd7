//go:build !linux

package probes

// LinkLocalDrops reads the link-local drop counters of network drivers, which
// exist on Linux only.
func LinkLocalDrops() map[string]uint64 { return map[string]uint64{} }
