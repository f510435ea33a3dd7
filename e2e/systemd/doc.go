// Package systemd installs the built deb on a real systemd, as an operator does,
// and holds the unit to what it promises.
package systemd
