package ladder

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/wire"
)

const (
	tokenPath   = "/latest/api/token"        //nolint:gosec // G101: a path
	tokenHeader = "X-Aws-Ec2-Metadata-Token" //nolint:gosec // G101: the name of a header

	tokenTTLHeader = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds" //nolint:gosec // G101: the name of a header
)

var errTokenUnusable = errors.New("the answer cannot be a session token of IMDS")

// recorded is an exchange with what its body said.
type recorded struct {
	probes.Exchange
	content probes.Content
}

// recorder stands between the SDK and the network. It notes every exchange, and
// keeps the bodies of answers to itself: each is decoded here and wiped. The SDK
// is given the session token that it needs and an empty body for everything
// else, so that no copy of a key is made outside of the recorder's one buffer.
type recorder struct {
	client  imds.HTTPClient
	timeout time.Duration
	decode  func(path string, body []byte) probes.Content
	// trust tells whether an answer is IMDS's own: only that is decoded, and only its
	// token used. What others say teaches nothing.
	trust func(probes.Exchange) bool

	log []recorded
	buf []byte
}

func newRecorder(client imds.HTTPClient, o Options) *recorder {
	return &recorder{
		client:  client,
		timeout: o.Timeout,
		decode:  decoder{o.Salt}.decode,
		trust:   o.Policy.IsIMDS,
		buf:     make([]byte, wire.MaxBody+1),
	}
}

// Do implements the SDK's HTTPClient.
func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), r.timeout)
	defer cancel()
	run := startExchange(req)
	run.exchange.Limit = r.timeout
	var n int
	resp, err := r.client.Do(req.WithContext(httptrace.WithClientTrace(ctx, run.trace())))
	if err == nil {
		n, err = run.read(resp, r.buf)
	}
	defer clear(r.buf[:n])
	entry := recorded{Exchange: run.finish(err)}
	if err == nil && resp.StatusCode == http.StatusOK && r.trust(entry.Exchange) {
		entry.content = r.decode(req.URL.Path, r.buf[:n])
	}
	r.log = append(r.log, entry)
	if err != nil {
		return nil, err
	}
	return r.forSDK(entry, resp, r.buf[:n])
}

// forSDK gives the SDK the answer without its body, but for the token's.
func (r *recorder) forSDK(entry recorded, resp *http.Response, body []byte) (*http.Response, error) {
	resp.Body = http.NoBody
	if entry.Path != tokenPath {
		return resp, nil
	}
	if entry.content.Defect != probes.ReasonNone || !r.trust(entry.Exchange) {
		return nil, errTokenUnusable
	}
	resp.Body = io.NopCloser(bytes.NewReader(bytes.Clone(body)))
	// The SDK keeps the token for as long as the answer says, and refuses one that
	// says nothing. It is wanted for this round, whatever a mock leaves out or a
	// hostile answer claims.
	resp.Header.Set(tokenTTLHeader, "300")
	return resp, nil
}

// running is an exchange under way.
type running struct {
	exchange probes.Exchange
	phase    wire.Phase
}

func startExchange(req *http.Request) *running {
	return &running{exchange: probes.Exchange{
		Method:    req.Method,
		Path:      req.URL.Path,
		WithToken: req.Header.Get(tokenHeader) != "",
		Start:     time.Now(),
	}}
}

func (r *running) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				r.exchange.Connect = time.Since(r.exchange.Start)
				r.phase = wire.PhaseAnswer
			}
		},
		GotFirstResponseByte: func() {
			r.exchange.FirstByte = time.Since(r.exchange.Start)
			r.phase = wire.PhaseBody
		},
	}
}

// read notes the head of the answer and reads its body into buf, which is larger
// by one byte than a body may be.
func (r *running) read(resp *http.Response, buf []byte) (n int, err error) {
	defer resp.Body.Close()
	r.phase = wire.PhaseBody
	r.exchange.Status = resp.StatusCode
	r.exchange.Server = clean(resp.Header.Get("Server"))
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		r.exchange.Date = date
	}
	for err == nil && n < len(buf) {
		var more int
		more, err = resp.Body.Read(buf[n:])
		n += more
	}
	switch {
	case n == len(buf):
		return n, wire.ErrAnswerTooLarge
	case err == io.EOF:
		return n, nil
	}
	return n, err
}

func (r *running) finish(err error) probes.Exchange {
	r.exchange.Total = time.Since(r.exchange.Start)
	if err != nil {
		r.exchange.Fault, r.exchange.Errno = wire.FaultOf(err, r.phase)
	}
	return r.exchange
}
