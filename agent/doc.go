// Package agent is the daemon around package probes: it makes rounds on a
// schedule, keeps what they found in a [Tracker] (the only mutable state), and
// shows it as metrics, JSON, a status page, log events, systemd status and a
// textfile. All of these are views of the Tracker.
//
// An [Agent] is made by [New] and lives in [Agent.Run] until its context ends.
package agent
