// Package track keeps what earlier rounds found, and decides when a condition
// changes: the one place of the daemon that has a memory. It owns the [Tracker], the
// [Event] of each change, the grace after a boot, and the file that carries the state
// over a restart. Package agent records rounds in it; everything that people and
// programs read is made of a [Snapshot].
//
// It makes no round and opens no socket, writes no log, and words nothing.
package track
