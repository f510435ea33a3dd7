// Package probes says what was seen of the EC2 instance metadata service (IMDS) and
// what it means. It owns the words of the whole project: the [Probe]s of the ladder,
//
//	token → hostname → iam → iam_info → role_list → role_credentials
//
// the [Exchange], [Observation] and [Round] that are made of them, the closed sets
// of [Status], [Reason] and [Condition], and the catalogue (see [Explain]) with what
// each condition means and how to fix it.
//
// [Classify] judges one observation, [Diagnose] the whole round by what earlier
// rounds taught ([Known]). Both are pure: the same observations always give the same
// condition.
//
// The package opens nothing: no socket, no file, no clock. Package ladder makes the
// rounds, package wire the connections; packages above show what they found.
package probes
