package harness

import "os"

// Full tells whether the suites run in their long form: every client, every
// version, the whole soak. make ci-full sets E2E_FULL=1 for it.
func Full() bool { return os.Getenv("E2E_FULL") == "1" }
