// Package metrics shows a [track.Tracker] as Prometheus metrics: names, labels and
// help texts, which are a contract, are here and nowhere else.
//
// It measures nothing but how long rounds took, and serves nothing itself.
package metrics
