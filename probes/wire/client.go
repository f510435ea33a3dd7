package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"time"
)

// Limits of what is read of an answer. IMDS's own heads have some 300 bytes, its
// longest document is under 2 KiB.
const (
	maxHead = 16 << 10
	MaxBody = 64 << 10
)

// A DialFunc makes a connection, as [net.Dialer.DialContext] does.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Client makes HTTP exchanges, each on a connection of its own, one at a time.
//
// net/http's Transport is not used, for three reasons. IMDS closes every
// connection, so there is nothing to pool. A vantage needs its socket made on
// the very thread that has the vantage's identity. And the Transport's buffers,
// through which keys pass, cannot be wiped, while these can. What is left of a
// Transport is this file; requests and answers are net/http's own.
type Client struct {
	dial    DialFunc
	request bytes.Buffer
	reader  *bufio.Reader
}

// NewClient returns a client that connects by dial.
func NewClient(dial DialFunc) *Client {
	return &Client{dial: dial, reader: bufio.NewReader(nil)}
}

// Do implements the SDK's HTTPClient. It follows no redirect, uses no proxy,
// decompresses nothing and keeps nothing open.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	conn, err := c.dial(untraced{ctx}, "tcp", hostPort(req)) //nolint:contextcheck // the same but for its values
	if err != nil {
		return nil, err
	}
	if trace := httptrace.ContextClientTrace(ctx); trace != nil && trace.ConnectDone != nil {
		trace.ConnectDone("tcp", hostPort(req), nil)
	}
	release := closeWith(ctx, conn)
	resp, err := c.exchange(conn, req)
	if err != nil {
		release()
		c.wipe()
		return nil, contextError(ctx, err)
	}
	resp.Body = &wireBody{Reader: resp.Body, ctx: ctx, close: func() { release(); c.wipe() }}
	return resp, nil
}

func (c *Client) exchange(conn net.Conn, req *http.Request) (*http.Response, error) {
	req.Close = true
	c.request.Reset()
	if err := req.Write(&c.request); err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	// An answer may have come although the request could not be written whole.
	_, writeErr := conn.Write(c.request.Bytes())
	source := &limitedReader{r: conn, n: maxHead + MaxBody + 1}
	c.reader.Reset(source)
	if err := c.awaitHTTP(); err != nil {
		if writeErr != nil && !errors.Is(err, errNotHTTP) {
			return nil, writeErr
		}
		return nil, err
	}
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.GotFirstResponseByte != nil {
		trace.GotFirstResponseByte()
	}
	return c.readAnswer(req, source)
}

// awaitHTTP waits for the first bytes of the answer, and tells a cut connection
// from a peer that speaks something else.
func (c *Client) awaitHTTP() error {
	const magic = "HTTP/"
	head, err := c.reader.Peek(len(magic))
	if !strings.HasPrefix(magic, string(head)) {
		return errNotHTTP
	}
	return err
}

// readAnswer reads the head of the answer, and passes over a few interim ones.
func (c *Client) readAnswer(req *http.Request, source *limitedReader) (*http.Response, error) {
	for range 4 {
		resp, err := http.ReadResponse(c.reader, req)
		switch {
		case err == nil:
		case errors.Is(source.err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case source.err != nil:
			// net/http takes what came of a line for the whole line, and blames
			// its grammar.
			return nil, source.err
		default:
			return nil, malformedUnlessIO(err)
		}
		if resp.StatusCode/100 != 1 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, nil
		}
	}
	return nil, errMalformed
}

// malformedUnlessIO marks an error as one of HTTP's grammar, unless it came from
// the connection.
func malformedUnlessIO(err error) error {
	var netErr net.Error
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, ErrAnswerTooLarge), errors.As(err, &netErr):
		return err
	}
	return fmt.Errorf("%w: %w", errMalformed, err)
}

// wipe overwrites what the last exchange left in the buffers.
func (c *Client) wipe() {
	clear(c.request.Bytes())
	c.reader.Reset(zeros{})
	_, _ = c.reader.Peek(c.reader.Size())
	c.reader.Reset(nil)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// wireBody is the body of an answer; closing it ends the connection.
type wireBody struct {
	io.Reader
	ctx   context.Context //nolint:containedctx // the request's own, to name what cut the body
	close func()
}

func (b *wireBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = contextError(b.ctx, malformedUnlessIO(err))
	}
	return n, err
}

func (b *wireBody) Close() error {
	b.close()
	return nil
}

// limitedReader is an [io.LimitedReader] whose end is an error of its own.
// It remembers the connection's own error.
type limitedReader struct {
	r   io.Reader
	n   int
	err error
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.n <= 0 {
		return 0, ErrAnswerTooLarge
	}
	n, err := l.r.Read(p[:min(len(p), l.n)])
	l.n -= n
	l.err = err
	return n, err
}

// closeWith lets the context's end interrupt the connection, and returns what
// closes it.
func closeWith(ctx context.Context, conn net.Conn) (release func()) {
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return func() {
		stop()
		_ = conn.Close()
	}
}

// contextError prefers the context's error to that of the connection which the
// context's end interrupted.
func contextError(ctx context.Context, err error) error {
	if ctxErr := ctx.Err(); ctxErr != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		return ctxErr
	}
	return err
}

func hostPort(req *http.Request) string {
	port := req.URL.Port()
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(req.URL.Hostname(), port)
}
