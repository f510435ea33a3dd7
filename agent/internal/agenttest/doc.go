// Package agenttest runs a whole agent in memory, against a simulator, for the tests
// of package agent and of the packages below it. Most of it must be used in a bubble
// of testing/synctest, in which hours take milliseconds.
package agenttest
