// Package imdstest is an instance metadata service that can be told to fail.
//
// A [Simulator] answers as IMDS does, down to its headers and the bytes of its
// error pages, with the state and the faults of a [Scenario]. It has three faces:
// [Simulator.ServeHTTP] for a server of one's own, [Simulator.Dial] and
// [Simulator.Client] in memory (fit for testing/synctest), and [Listen] for a
// real TCP socket.
//
// Every secret that it serves is a canary: see [Canaries].
package imdstest
