package probes_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// checkDiagnosis wants exactly one condition of the closed set, never unknown.
func checkDiagnosis(t *testing.T, r probes.Round, policy probes.Policy) {
	t.Helper()
	known, _ := probes.Known{}.Learn(r)
	d := probes.Diagnose(r, policy, known)
	if _, err := d.Condition.MarshalText(); err != nil || d.Condition == probes.ConditionUnknown {
		t.Errorf("condition %v of %+v", d.Condition, r)
	}
	if _, err := d.Reason.MarshalText(); err != nil || d.Reason == probes.ReasonNone {
		t.Errorf("reason %v of %+v", d.Reason, r)
	}
	for _, result := range r.Results {
		if result.Status == probes.StatusFail && d.Condition == probes.ConditionHealthy {
			t.Errorf("healthy although a probe failed: %+v", r)
		}
	}
	_ = probes.Summary(r, d)
}

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
		prober, err := probes.New(probes.Options{Timeout: 5 * time.Second, Policy: policy, HTTPClient: probes.NewHTTPClient(dial)})
		if err != nil {
			t.Fatal(err)
		}
		r, err := prober.Round(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		checkDiagnosis(t, r, policy)
	})
}

// FuzzDecode feeds every decoder any body.
func FuzzDecode(f *testing.F) {
	f.Add(uint8(3), []byte(goodCredentials))
	f.Add(uint8(1), []byte(`{"Code":"Success","Message":"Instance Profile does not contain a role"}`))
	f.Add(uint8(2), []byte("app\nother"))
	f.Add(uint8(0), []byte("token=="))
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		paths := []string{probes.TokenPath, probes.InfoPath, probes.RoleListPath, rolePath, "/latest/meta-data/hostname", "/other"}
		c := probes.Decode(paths[int(which)%len(paths)], body)
		if _, err := c.Defect.MarshalText(); err != nil {
			t.Error(err)
		}
		if c.Role == "." || c.Role == ".." {
			t.Errorf("role %q", c.Role)
		}
	})
}

// FuzzDiagnose builds any round from its bytes: for each probe a status, a
// server, a fault and a content.
func FuzzDiagnose(f *testing.F) {
	f.Add([]byte{200, 0, 0, 0, 200, 0, 0, 0}, uint8(0), int64(0))
	f.Add([]byte{147, 1, 5, 3, 2, 1, 0, 9, 4, 4, 4, 4, 200, 200, 200, 200, 31, 7}, uint8(1), int64(time.Hour))
	f.Fuzz(func(t *testing.T, data []byte, presence uint8, offset int64) {
		next := func() (b byte) {
			if len(data) > 0 {
				b, data = data[0], data[1:]
			}
			return b
		}
		policy := probes.DefaultPolicy()
		policy.Profile = probes.Presence(presence % 3)
		now := time.Unix(1.7e9, 0)
		r := probes.Round{Start: now, PacketsDropped: next()%2 == 1}
		for _, p := range probes.Ladder() {
			o := anyObservation(p, next, now.Add(time.Duration(offset)))
			r.Results[p] = probes.Result{Observation: o, Verdict: probes.Classify(o, policy, now)}
		}
		checkDiagnosis(t, r, policy)
	})
}

func anyObservation(p probes.Probe, next func() byte, at time.Time) probes.Observation {
	statuses := []int{0, 200, 204, 301, 400, 401, 403, 404, 405, 418, 429, 500, 503, 999}
	servers := []string{"EC2ws", "EC2ws", "", "nginx"}
	reasons := probes.Reasons()
	o := probes.Observation{Probe: p}
	for range 1 + next()%2 {
		e := probes.Exchange{Status: statuses[int(next())%len(statuses)], Server: servers[int(next())%len(servers)]}
		if e.Status == 0 || next()%4 == 0 {
			e.Fault = probes.ReasonConnectTimeout + probes.Reason(next())%(probes.ReasonNotHTTP-probes.ReasonConnectTimeout+1)
		}
		o.Exchanges = append(o.Exchanges, e)
	}
	switch next() % 4 {
	case 0:
		o.Content.Defect = reasons[int(next())%len(reasons)]
	case 1:
		o.Content.Info = &probes.InfoDocument{Code: []string{"Success", "InstanceProfileNotFound", "", "x"}[next()%4], LastUpdated: at}
		o.Content.Credentials = &probes.CredentialsDocument{Code: []string{"Success", "AssumeRoleUnauthorizedAccess", "", "x"}[next()%4], Expiration: at.Add(time.Hour)}
	}
	return o
}
