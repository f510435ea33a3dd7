package endurance_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// attack is what clients do to a daemon until the context ends.
type attack struct {
	name string
	// clients is how many there are, each on a connection of its own at a time.
	clients int
	// tls and password tell how the daemon is protected.
	tls, password bool
	client        func(ctx context.Context, target *target)
}

// attacks are from real load tools and from advisories on HTTP servers. Those of
// HTTP/2 (the window: CVE-2019-9517; rapid reset: CVE-2023-44487; CONTINUATION:
// CVE-2024-27316; PING: CVE-2019-9512) go on in HTTP/1.1 where no HTTP/2 is spoken.
func attacks() []attack {
	return []attack{
		{name: "answers that nobody reads, 250 to a connection", clients: 24, tls: true, client: closedWindow},
		{name: "the same where a password is asked for", clients: 24, tls: true, password: true, client: closedWindow},
		{name: "requests taken back at once", clients: 24, tls: true, client: rapidReset},
		{name: "floods of CONTINUATION and PING", clients: 24, tls: true, client: controlFrames},
		{name: "the page, asked for without pause", clients: 98, client: askForPage},
		{name: "TLS handshakes without pause", clients: 98, tls: true, client: handshakes},
		{name: "5,000 connections at once", clients: 5000, client: holdOn},
		{name: "5,000 connections that pipeline and never read", clients: 5000, client: pipeline},
		{name: "wrong passwords without pause", clients: 60, password: true, client: guess},
	}
}

// run lets all clients attack, and returns when the last has stopped.
func (a attack) run(ctx context.Context, to *target) {
	var clients sync.WaitGroup
	for range a.clients {
		clients.Go(func() {
			for ctx.Err() == nil {
				a.client(ctx, to)
				select { // what is refused comes again, at a human pace
				case <-ctx.Done():
				case <-time.After(10 * time.Millisecond):
				}
			}
		})
	}
	clients.Wait()
}

// dial makes a connection that ends with the context; nil if none can be made.
func (to *target) dial(ctx context.Context, protocols ...string) net.Conn {
	dialer := net.Dialer{Timeout: 30 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", to.address)
	if err != nil {
		return nil
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	if to.trust == nil {
		return conn
	}
	secure := tls.Client(conn, &tls.Config{RootCAs: to.trust, ServerName: "127.0.0.1", NextProtos: protocols})
	if secure.HandshakeContext(ctx) != nil {
		_ = conn.Close()
		return nil
	}
	return secure
}

const getPage = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

// askForPage asks for the page over and over on one connection, and reads it.
func askForPage(ctx context.Context, to *target) {
	conn := to.dial(ctx)
	if conn == nil {
		return
	}
	defer conn.Close()
	for read := bufio.NewReader(conn); ; {
		if _, err := io.WriteString(conn, getPage); err != nil || skipAnswer(read) != nil {
			return
		}
	}
}

// skipAnswer reads one answer of a known length.
func skipAnswer(read *bufio.Reader) error {
	var length int64
	for {
		line, err := read.ReadString('\n')
		if err != nil {
			return err
		}
		_, _ = fmt.Sscanf(line, "Content-Length: %d", &length)
		if line == "\r\n" {
			_, err := io.CopyN(io.Discard, read, length)
			return err
		}
	}
}

func handshakes(ctx context.Context, to *target) {
	for ctx.Err() == nil {
		conn := to.dial(ctx)
		if conn == nil {
			return
		}
		_ = conn.Close()
	}
}

// holdOn holds a connection with one request until it is cut off.
func holdOn(ctx context.Context, to *target) {
	conn := to.dial(ctx)
	if conn == nil {
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, getPage)
	_, _ = io.Copy(io.Discard, conn)
	<-ctx.Done() // all at once, and once
}

func pipeline(ctx context.Context, to *target) {
	conn := to.dial(ctx)
	if conn == nil {
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, strings.Repeat(getPage, 200))
	<-ctx.Done()
}

// guess tries passwords, each another one.
func guess(ctx context.Context, to *target) {
	conn := to.dial(ctx)
	if conn == nil {
		return
	}
	defer conn.Close()
	for i, read := 0, bufio.NewReader(conn); ; i++ {
		wrong := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s:wrong %p %d", harness.User, conn, i))
		if _, err := io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic "+wrong+"\r\n\r\n"); err != nil || skipAnswer(read) != nil {
			return
		}
	}
}

// closedWindow asks 250 times and takes no byte of an answer.
func closedWindow(ctx context.Context, to *target) {
	conn, frames := to.dialHTTP2(ctx, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	if conn == nil {
		return
	}
	defer conn.Close()
	if frames == nil {
		_, _ = io.WriteString(conn, strings.Repeat(getPage, 250))
	}
	for stream := uint32(1); frames != nil && stream < 500; stream += 2 {
		if ask(frames, stream) != nil {
			return
		}
	}
	<-ctx.Done()
}

// rapidReset asks and takes each request back, without end.
func rapidReset(ctx context.Context, to *target) {
	conn, frames := to.dialHTTP2(ctx)
	if conn == nil {
		return
	}
	defer conn.Close()
	if frames == nil {
		_, _ = io.WriteString(conn, getPage)
	}
	for stream := uint32(1); frames != nil; stream += 2 {
		if ask(frames, stream) != nil || frames.WriteRSTStream(stream, http2.ErrCodeCancel) != nil {
			return
		}
	}
}

// controlFrames sends an endless head beside pings whose answers it does not read.
func controlFrames(ctx context.Context, to *target) {
	conn, frames := to.dialHTTP2(ctx)
	if conn == nil {
		return
	}
	defer conn.Close()
	for frames == nil { // an endless head
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\n"+strings.Repeat("X-A: b\r\n", 1000)); err != nil {
			return
		}
	}
	for range 100_000 {
		if frames.WritePing(false, [8]byte{}) != nil {
			return
		}
	}
	_ = frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: page()})
	for fragment := encode("x-a", "b"); frames.WriteContinuation(1, false, fragment) == nil; {
		continue
	}
}

// dialHTTP2 makes a connection of HTTP/2; frames is nil where that is not spoken.
func (to *target) dialHTTP2(ctx context.Context, settings ...http2.Setting) (conn net.Conn, frames *http2.Framer) {
	conn = to.dial(ctx, "h2", "http/1.1")
	secure, ok := conn.(*tls.Conn)
	if !ok || secure.ConnectionState().NegotiatedProtocol != "h2" {
		return conn, nil
	}
	_, _ = io.WriteString(conn, http2.ClientPreface)
	frames = http2.NewFramer(conn, conn)
	_ = frames.WriteSettings(settings...)
	go func() { // the peer's settings must be acknowledged; nothing else is looked at
		for {
			f, err := frames.ReadFrame()
			if err != nil {
				return
			}
			if s, ok := f.(*http2.SettingsFrame); ok && !s.IsAck() {
				_ = frames.WriteSettingsAck()
			}
		}
	}()
	return conn, frames
}

func ask(frames *http2.Framer, stream uint32) error {
	return frames.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: page(), EndStream: true, EndHeaders: true})
}

func page() []byte {
	return encode(":method", "GET", ":scheme", "https", ":authority", "localhost", ":path", "/")
}

func encode(pairs ...string) []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := 0; i < len(pairs); i += 2 {
		_ = encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return block.Bytes()
}
