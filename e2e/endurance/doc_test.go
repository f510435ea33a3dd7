// Package endurance_test shows what the daemon costs in the long run and what
// it withstands: docs/reliability.md has a row for each promise, with its test.
package endurance_test
