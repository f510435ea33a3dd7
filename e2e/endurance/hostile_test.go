package endurance_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// lie is what a hostile IMDS answers to requests whose path has a part; to all others it
// answers as a healthy one does.
type lie struct {
	at   string
	tell func(w io.Writer)
}

func text(parts ...string) func(io.Writer) {
	return func(w io.Writer) { _, _ = io.WriteString(w, strings.Join(parts, "")) }
}

// endless writes something until the other side has had enough.
func endless(head, again string) func(io.Writer) {
	again = strings.Repeat(again, 1000)
	return func(w io.Writer) {
		_, err := io.WriteString(w, head)
		for err == nil {
			_, err = io.WriteString(w, again)
		}
	}
}

const (
	fine = "HTTP/1.1 200 OK\r\nServer: EC2ws\r\nX-Aws-Ec2-Metadata-Token-Ttl-Seconds: 300\r\nConnection: close\r\n"
	all  = "latest/"
	list = "security-credentials/"
	docs = "security-credentials/app"
	info = "iam/info"
	put  = "api/token"
)

// lies are kinds of hostile answers.
var lies = map[string]lie{
	"an endless head":            {all, endless("HTTP/1.1 200 OK\r\n", "X-A: b\r\n")},
	"an endless line":            {all, endless("HTTP/1.1 200 OK\r\nX-A: ", "a")},
	"an endless status":          {all, endless("HTTP/1.1 200 ", "O")},
	"an endless body":            {docs, endless(fine+"\r\n", "{")},
	"an endless chunk":           {docs, endless(fine+"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", "a")},
	"endless interim answers":    {all, endless("", "HTTP/1.1 100 Continue\r\n\r\n")},
	"a length of exabytes":       {docs, text(fine, "Content-Length: 9223372036854775807\r\n\r\n{}")},
	"a negative length":          {docs, text(fine, "Content-Length: -1\r\n\r\n{}")},
	"two lengths":                {docs, text(fine, "Content-Length: 2\r\nContent-Length: 20\r\n\r\n{}")},
	"length and chunked":         {docs, text(fine, "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
	"a chunk without a size":     {docs, text(fine, "Transfer-Encoding: chunked\r\n\r\nzz\r\n")},
	"deep JSON":                  {docs, text(fine, "\r\n", strings.Repeat(`{"a":`, 12000))},
	"deep lists":                 {info, text(fine, "\r\n", strings.Repeat("[", 60000))},
	"a large number":             {docs, text(fine, "\r\n", `{"Code":"Success","Expiration":1e999999}`)},
	"a year of none":             {docs, text(fine, "\r\n", `{"Code":"Success","AccessKeyId":"a","SecretAccessKey":"b","Token":"c","Expiration":"9999-12-31T23:59:59-23:59"}`)},
	"escapes for a terminal":     {info, text(fine, "\r\n", `{"Code":"\u001b[2J\u001b]0;x\u0007\nREADY=1\nSTOPPING=1","Message":"\u202e<script>alert(1)</script>"}`)},
	"no UTF-8":                   {list, text(fine, "\r\n", "\xff\xfe\x00role")},
	"a role that climbs":         {list, text(fine, "\r\n", "../../../../latest/user-data")},
	"a role with a line":         {list, text(fine, "\r\n", "app HTTP/1.1\r\nHost: evil\r\n\r\nGET /")},
	"60,000 roles":               {list, text(fine, "\r\n", strings.Repeat("a\n", 30000))},
	"a token of 60 KiB":          {put, text(fine, "\r\n", strings.Repeat("a", 60<<10))},
	"a token with a line":        {put, text(fine, "\r\n", "token\r\nX-Evil: 1")},
	"a redirect to the password": {all, text("HTTP/1.1 302 Found\r\nServer: EC2ws\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")},
	"another protocol":           {all, text("HTTP/1.1 101 Switching Protocols\r\nServer: EC2ws\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nPRI * HTTP/2.0\r\n\r\n")},
	"gzip that is none":          {docs, text(fine, "Content-Encoding: gzip\r\n\r\n", "\x1f\x8b\x08\x00\x00")},
	"a date of none":             {all, text("HTTP/1.1 200 OK\r\nServer: EC2ws\r\nDate: Fri, 31 Dec 99999 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n")},
	"HTTP/0.9":                   {all, text("i-0123456789abcdef0")},
	"TLS":                        {all, text("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")},
}

// liar is an IMDS that tells one lie at a time.
type liar struct {
	honest http.Handler

	mu    sync.Mutex
	lie   lie
	asked int
}

func (l *liar) set(to lie) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lie, l.asked = to, 0
}

func (l *liar) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked
}

func (l *liar) serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go l.answer(conn)
	}
}

func (l *liar) answer(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	l.mu.Lock()
	lie := l.lie
	if r.Method == http.MethodPut {
		l.asked++
	}
	l.mu.Unlock()
	if lie.tell != nil && strings.Contains(r.URL.Path, lie.at) {
		lie.tell(conn)
		return
	}
	w := httptest.NewRecorder()
	l.honest.ServeHTTP(w, r)
	answer := w.Result()
	answer.ContentLength, answer.Close = int64(w.Body.Len()), true
	_ = answer.Write(conn)
}

// TestHostileIMDS tells the daemon one lie after another, and wants it to live, to stay
// small, to say what it says in proper forms, and to find the next honest IMDS healthy.
func TestHostileIMDS(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	imds := &liar{honest: imdstest.New(imdstest.MustFind("healthy"))}
	go imds.serve(listener)
	dir := t.TempDir()
	textfile := filepath.Join(dir, "imds.prom")
	p := harness.StartCmd(t, exec.Command(harness.Build(t, "imds-probe"), "run", "--imds.endpoint=http://"+listener.Addr().String(),
		"--probe.interval=200ms", "--probe.timeout=200ms", "--web.listen-address=127.0.0.1:0", "--no-probe.hop-limit",
		"--log.level=debug", "--textfile.path="+textfile, "--state.file="+filepath.Join(dir, "state.json")))
	address, _ := p.Listening(t)
	for name, lie := range lies {
		rounds := 1
		if harness.Full() || lie.at == info {
			rounds = 3 // which confirms it
		}
		imds.set(lie)
		eventually(t, 30*time.Second, "rounds with "+name, func() bool { return imds.count() >= rounds })
		for _, path := range []string{"/", "/metrics", "/api/v1/status"} {
			// JSON that says it is JSON may hold markup; nothing may hold an escape.
			body := harness.Get(t, "http://"+address+path)
			if strings.ContainsRune(body, '\x1b') || path == "/" && strings.Contains(body, "<script>alert") {
				t.Errorf("%s: %s repeats it as it is", name, path)
			}
		}
		imds.set(liar{}.lie)
		eventually(t, 30*time.Second, "healthy verdict after "+name, isHealthy(t, address))
	}
	if resident := procStatus(t, p.Cmd.Process.Pid, "VmHWM"); resident > maxResidentKiB {
		t.Errorf("%d KiB resident", resident)
	}
	for _, line := range p.Lines() {
		if !json.Valid([]byte(line)) || strings.ContainsFunc(line, unicode.IsControl) {
			t.Errorf("not a line of JSON: %q", line)
		}
	}
	if err := p.Stop(t, 10*time.Second); err != nil {
		t.Error(err)
	}
}
