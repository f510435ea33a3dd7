package imdstest

// TB is what [Start] needs of a [testing.TB], so that a program does not
// link package testing.
type TB interface {
	Helper()
	Cleanup(f func())
	Fatal(args ...any)
}

// Start serves the scenario of a name on a free port of 127.0.0.1 until the test
// ends. Faults are added to those of the scenario.
func Start(t TB, scenario string, faults ...Fault) *Server {
	t.Helper()
	sc, err := Find(scenario)
	if err != nil {
		t.Fatal(err)
	}
	server, err := Listen(New(sc.With(faults...)), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}
