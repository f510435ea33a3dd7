// Package e2e drives the built binaries against real parts: an IMDS that we did
// not write, kernel firewalls, systemd, Prometheus, a browser. Each subject is a
// package of its own; what they share is in package harness.
//
// Nothing is skipped: a suite that lacks a part (root, a Debian package) fails
// and says which.
package e2e
