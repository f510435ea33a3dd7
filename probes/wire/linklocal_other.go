//go:build !linux

package wire

// LinkLocalCounter reads the link-local drop counters of network drivers, which
// exist on Linux only.
type LinkLocalCounter struct{}

// Drops returns no counters.
func (*LinkLocalCounter) Drops() map[string]uint64 { return map[string]uint64{} }
