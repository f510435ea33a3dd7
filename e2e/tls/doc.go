// Package tls asks the daemon by TLS and with passwords, as a Prometheus does,
// and feeds it the configuration files that exporter-toolkit itself is tested
// with.
package tls
