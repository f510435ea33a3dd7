// Package nspawn boots a real systemd in a container with a network of its own,
// at whose other end the simulator answers at IMDS's own address. Nothing leaves
// the namespaces that it makes.
package nspawn
