package ladder_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// FuzzAnswer feeds the recorder any stream of bytes as the answer to every
// request.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nServer: EC2ws\r\nX-Aws-Ec2-Metadata-Token-Ttl-Seconds: 60\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nServer: EC2ws\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 404 Not Found\r\nServer: EC2ws\r\nDate: Mon, 01 Jan 2026 00:00:00 GMT\r\n\r\n" + imdstest.ErrorPage(404)))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nServer: EC2ws\r\nContent-Length: 99999999999999999999\r\n\r\n"))
	f.Add([]byte("SSH-2.0-x\r\n"))
	f.Add([]byte("HTTP/1.1 200\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"))
	f.Add([]byte{})
	policy := probes.DefaultPolicy()
	policy.AllowServer, _ = probes.Anchored(".*")
	f.Fuzz(func(t *testing.T, answer []byte) {
		dial := func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				_ = server.SetDeadline(time.Now().Add(5 * time.Second))
				if _, err := server.Read(make([]byte, 4096)); err == nil {
					_, _ = server.Write(answer)
				}
			}()
			return client, nil
		}
		prober, err := ladder.New(ladder.Options{Timeout: 5 * time.Second, Policy: policy, HTTPClient: wire.NewClient(dial)})
		if err != nil {
			t.Fatal(err)
		}
		r, err := prober.Round(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d := probes.Diagnose(r, policy, probes.Known{}); d.Condition == probes.ConditionUnknown || d.Reason == probes.ReasonNone {
			t.Errorf("%v of %+v", d, r)
		}
	})
}

// FuzzDecode feeds every decoder any body.
func FuzzDecode(f *testing.F) {
	f.Add(uint8(3), []byte(goodCredentials))
	f.Add(uint8(1), []byte(`{"Code":"Success","Message":"Instance Profile does not contain a role"}`))
	f.Add(uint8(2), []byte("app\nother"))
	f.Add(uint8(0), []byte("token=="))
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		paths := []string{ladder.TokenPath, ladder.InfoPath, ladder.RoleListPath, rolePath, "/latest/meta-data/hostname", "/other"}
		c := ladder.Decode(paths[int(which)%len(paths)], body)
		if _, err := c.Defect.MarshalText(); err != nil {
			t.Error(err)
		}
		if c.Role == "." || c.Role == ".." {
			t.Errorf("role %q", c.Role)
		}
	})
}
