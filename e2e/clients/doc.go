// Package clients shows that the simulator serves real clients: each is started in
// its default configuration, in a network namespace in which nothing but the
// simulator answers, and must find out all that it asks for.
//
// With E2E_FULL=1 it has all clients, those that take long to build included, and
// compares the simulator with two public mocks.
package clients
