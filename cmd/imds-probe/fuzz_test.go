package main

import (
	"io"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
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
			if strings.HasPrefix(arg, "@") || strings.HasPrefix(arg, "--vantage=netns:") {
				return // reads a file of that name
			}
		}
		app := kingpin.New("imds-probe", "").UsageWriter(io.Discard).ErrorWriter(io.Discard).Terminate(func(int) {})
		cmd := app.Command("run", "").Default()
		probe, daemon := addProbeFlags(cmd), addDaemonFlags(cmd)
		_, err := app.Parse(append([]string{"run"}, args...))
		if err != nil {
			return // kingpin's own words
		}
		if _, err = probe.options(); err == nil {
			_, err = daemon.log.logger(io.Discard)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\r") && !strings.ContainsAny(strings.Join(args, ""), "\n\r") {
			t.Errorf("not one line: %q", err)
		}
	})
}
