// Package agent is the daemon: an [Agent] is made by [New] and lives in [Agent.Run]
// until its context ends; [Check] is one diagnosis without it. The package owns the
// options, the schedule of rounds, what is measured beside the ladder, and who is
// told: the log, systemd, the textfile, the state file.
//
// What is found is kept in package track, and shown by packages metrics, page,
// terminal and web. The agent itself judges nothing and words nothing.
package agent
