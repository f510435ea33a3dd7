// Package imdstest is an instance metadata service that can be told to fail.
//
// A [Simulator] answers as IMDS does, down to its headers and the bytes of its
// error pages, with the state of an [Instance] and the faults of a [Scenario]. It
// has three faces: [Start] and [Listen] for a real TCP socket, [Simulator.Client]
// and [Simulator.Dial] in memory (fit for testing/synctest, where a day takes
// milliseconds), and [Simulator.ServeHTTP] for a server of one's own.
//
// Every secret that it serves is a canary: see [Canaries].
package imdstest
