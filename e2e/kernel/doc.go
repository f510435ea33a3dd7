// Package kernel proves on real packets what imds-probe says of firewalls,
// routes, hop limits, users and network namespaces. Each test makes its own
// network namespaces, gives one of them IMDS's real addresses, runs the
// simulator there, and drives the built binary in another with its real default
// endpoints. Nothing leaves the namespaces.
//
// tc's netem is not needed, since not every kernel has it: packets are lost by a
// rule of nftables, and delayed on a path through a pair of TUN devices.
package kernel
