// Package terminal holds the suite that runs the command on a terminal.
package terminal
