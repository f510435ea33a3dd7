// Package web serves what package agent hands it: listeners, limits, routes, headers.
// It stays up for the real Prometheus whoever else connects, within a bound of memory
// and descriptors.
//
// It makes no page, metric or document itself, and knows nothing of IMDS.
package web
