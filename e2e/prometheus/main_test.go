package prometheus_test

import (
	"flag"
	"testing"
)

// TestMain lets tests run side by side also where there are few cores: they
// mostly wait for what takes its time.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err) // the flag is the testing package's own
	}
	m.Run()
}
