package ladder_test

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/ladder"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// TestHeadStopsInALine lets the head of the answer stop in the middle of a line:
// that is an answer too slow or cut short, not one of bad grammar.
func TestHeadStopsInALine(t *testing.T) {
	for _, tc := range []struct {
		name  string
		after func(net.Conn)
		want  probes.Reason
	}{
		{"and nothing follows", func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }, probes.ReasonAnswerSlow},
		{"and the connection ends", func(net.Conn) {}, probes.ReasonAnswerTruncated},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dial := func(context.Context, string, string) (net.Conn, error) {
					client, server := net.Pipe()
					go func() {
						defer server.Close()
						_, _ = server.Read(make([]byte, 4096))
						_, _ = server.Write([]byte("HTTP/1.1 200 OK\r\nServer: EC2ws\r\nConte"))
						tc.after(server)
					}()
					return client, nil
				}
				p, err := ladder.New(ladder.Options{Timeout: time.Second, Policy: probes.DefaultPolicy(), HTTPClient: wire.NewClient(dial)})
				if err != nil {
					t.Fatal(err)
				}
				if got := round(t, p).Result(probes.ProbeToken).Answer().Fault; got != tc.want {
					t.Errorf("%v, want %v", got, tc.want)
				}
			})
		})
	}
}
