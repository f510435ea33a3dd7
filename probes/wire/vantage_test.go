package wire_test

import (
	"testing"

	"github.com/imds-probe/imds-probe/probes/wire"
)

func TestParseVantage(t *testing.T) {
	for _, name := range []string{"", "Host", "host:", "host:x", "user", "user:", "netns", "netns:", "pod:app", "hostx", ":", "netns:\xff", "user:\xc3("} {
		if v, err := wire.ParseVantage(name); err == nil {
			t.Errorf("%q is taken for %v", name, v)
		}
	}
	v, err := wire.ParseVantage("host")
	if err != nil || v.Name() != "host" {
		t.Errorf("host: %v, %v", v, err)
	}
}
