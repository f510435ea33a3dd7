package main

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// reader is what reads standard error: it can be stuck until it is let go, or gone.
type reader struct {
	stuck chan struct{}
	gone  error
	lines []string
}

func (r *reader) Write(p []byte) (int, error) {
	<-r.stuck
	if r.gone != nil {
		return 0, r.gone
	}
	r.lines = append(r.lines, string(p))
	return len(p), nil
}

// TestSinkNeverBlocks writes to a reader that is stuck, and wants what fits to be kept,
// the rest to be counted, and the end not to wait for long.
func TestSinkNeverBlocks(t *testing.T) {
	for name, tc := range map[string]struct {
		line    string
		written int
		kept    uint64
	}{
		"many short lines": {"line\n", 2000, maxWaitingLines + 1}, // one is being written
		"a few long ones":  {strings.Repeat("a", maxWaitingBytes/4), 10, 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stuck := &reader{stuck: make(chan struct{})}
				sink := newLogSink(stuck)
				for range tc.written {
					if n, err := sink.Write([]byte(tc.line)); n != len(tc.line) || err != nil {
						t.Fatal(n, err)
					}
					synctest.Wait()
				}
				if got := uint64(tc.written) - sink.dropped.Load(); got != tc.kept {
					t.Errorf("%d lines are kept, want %d", got, tc.kept)
				}
				began := time.Now()
				sink.close(time.Second)
				if took := time.Since(began); took != time.Second {
					t.Errorf("the end took %v", took)
				}
				close(stuck.stuck)
				synctest.Wait()
				if uint64(len(stuck.lines)) != tc.kept {
					t.Errorf("%d lines came in the end", len(stuck.lines))
				}
			})
		})
	}
}

// TestSinkWritesAll wants lines in their order, and all of them before the end.
func TestSinkWritesAll(t *testing.T) {
	let := make(chan struct{})
	close(let)
	to := &reader{stuck: let}
	sink := newLogSink(to)
	var want []string
	for line := range strings.FieldsSeq("one two three four") {
		want = append(want, line)
		_, _ = sink.Write([]byte(line))
	}
	sink.close(time.Minute)
	if diff := cmp.Diff(want, to.lines); diff != "" || sink.dropped.Load() != 0 {
		t.Errorf("%d dropped, -want +got:\n%s", sink.dropped.Load(), diff)
	}
}

// TestSinkWithoutReader counts what a closed pipe does not take.
func TestSinkWithoutReader(t *testing.T) {
	let := make(chan struct{})
	close(let)
	sink := newLogSink(&reader{stuck: let, gone: errors.New("broken pipe")})
	for range 3 {
		_, _ = sink.Write([]byte("line\n"))
	}
	sink.close(time.Minute)
	if got := sink.dropped.Load(); got != 3 {
		t.Errorf("%d dropped", got)
	}
}
