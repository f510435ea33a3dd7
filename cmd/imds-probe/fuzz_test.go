package main

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// FuzzFlags feeds the flags of the daemon anything. What is unusable must be an
// error of one line.
func FuzzFlags(f *testing.F) {
	f.Add("--imds.endpoint=http://[::1]:1", "--probe.interval=1s", "--expect.role=a|b")
	f.Add("--vantage=user:0", "--credentials.stall-ratio=NaN", "--clock.max-skew=-1s")
	f.Add("--imds.allow-server=(", "--probe.timeout=9999999h", "--log.level=x")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		args := []string{a, b, c}
		for _, arg := range args {
			if strings.HasPrefix(arg, "--vantage=netns:") {
				return // reads a file of that name
			}
		}
		cmd := &cobra.Command{}
		probe, daemon := addProbeFlags(cmd), addDaemonFlags(cmd)
		err := cmd.ParseFlags(args)
		if err == nil {
			_, err = probe.options()
		}
		if err == nil {
			_, err = daemon.log.logger(io.Discard)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\r") && !strings.ContainsAny(strings.Join(args, ""), "\n\r") {
			t.Errorf("not one line: %q", err)
		}
	})
}
