// Package prometheus drives the daemon with Debian's Prometheus, Alertmanager
// and node_exporter and the files of deploy/, from fault to notification.
//
// The rules and the Alertmanager's configuration are those that are shipped, but
// for their pace: most tests count a minute of theirs as a second.
package prometheus
