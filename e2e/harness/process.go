package harness

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a process under test. It is ended with the test.
type Process struct {
	Cmd *exec.Cmd

	mu    sync.Mutex
	lines []string
	news  chan struct{} // closed and made anew with each line
	done  chan struct{}
	err   error
}

// Start starts a command and collects the lines that it prints.
func Start(tb testing.TB, name string, args ...string) *Process {
	tb.Helper()
	return StartCmd(tb, exec.Command(name, args...))
}

// StartCmd is [Start] for a command with an environment or a folder of its own.
func StartCmd(tb testing.TB, cmd *exec.Cmd) *Process {
	tb.Helper()
	p := &Process{Cmd: cmd, news: make(chan struct{}), done: make(chan struct{})}
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, in
	cmd.WaitDelay = time.Second // a child of the command may hold its output open
	if err := cmd.Start(); err != nil {
		tb.Fatalf("cannot start %v: %v", cmd, err)
	}
	var reading sync.WaitGroup
	reading.Go(func() { p.collect(out) })
	go func() {
		p.err = cmd.Wait()
		_ = in.Close()
		reading.Wait()
		close(p.done)
	}()
	tb.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.done
		if tb.Failed() {
			tb.Logf("%v printed:\n%s", cmd.Args, strings.Join(p.Lines(), "\n"))
		}
	})
	return p
}

func (p *Process) collect(out io.Reader) {
	scanner := bufio.NewScanner(out)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		p.mu.Lock()
		p.lines = append(p.lines, scanner.Text())
		close(p.news)
		p.news = make(chan struct{})
		p.mu.Unlock()
	}
}

// Lines returns what the process has printed.
func (p *Process) Lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.lines...)
}

// Await waits for a line that match accepts, after the first skip lines, and
// returns it with its number.
func (p *Process) Await(tb testing.TB, skip int, limit time.Duration, what string, match func(line string) bool) (string, int) {
	tb.Helper()
	deadline := time.After(limit)
	for {
		p.mu.Lock()
		lines, news := p.lines, p.news
		p.mu.Unlock()
		for ; skip < len(lines); skip++ {
			if match(lines[skip]) {
				return lines[skip], skip
			}
		}
		select {
		case <-news:
		case <-p.done:
			tb.Fatalf("%v ended (%v) before it printed %s:\n%s", p.Cmd.Args, p.err, what, strings.Join(p.Lines(), "\n"))
		case <-deadline:
			tb.Fatalf("%v did not print %s within %v:\n%s", p.Cmd.Args, what, limit, strings.Join(p.Lines(), "\n"))
		}
	}
}

// AwaitText waits for a line that holds text.
func (p *Process) AwaitText(tb testing.TB, text string, limit time.Duration) string {
	tb.Helper()
	line, _ := p.Await(tb, 0, limit, text, func(line string) bool { return strings.Contains(line, text) })
	return line
}

// Event is a log event of the daemon.
type Event struct {
	Time      time.Time `json:"ts"`
	Kind      string    `json:"event"`
	Vantage   string    `json:"vantage"`
	From      string    `json:"from"`
	To        string    `json:"to"`
	Reason    string    `json:"reason"`
	Listening []string  `json:"listening"`
}

// AwaitEvent waits for a log event that match accepts, after the first skip
// lines, and returns the number of the line after it.
func (p *Process) AwaitEvent(tb testing.TB, skip int, limit time.Duration, what string, match func(Event) bool) (Event, int) {
	tb.Helper()
	var found Event
	_, at := p.Await(tb, skip, limit, what, func(line string) bool {
		var e Event
		if json.Unmarshal([]byte(line), &e) != nil || !match(e) {
			return false
		}
		found = e
		return true
	})
	return found, at + 1
}

// Stop ends the process with SIGTERM and returns how it ended.
func (p *Process) Stop(tb testing.TB, limit time.Duration) error {
	tb.Helper()
	_ = p.Cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(limit):
		tb.Errorf("%v did not end within %v of SIGTERM", p.Cmd.Args, limit)
	}
	return p.err
}

// Wait waits until the process has ended by itself.
func (p *Process) Wait(t testing.TB, limit time.Duration) {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(limit):
		t.Fatalf("%v did not end within %v", p.Cmd.Args, limit)
	}
}
