package main

import (
	"bytes"
	"io"
	"sync/atomic"
	"time"
)

// Bounds of what waits for standard error to take it.
const (
	maxWaitingLines = 512
	maxWaitingBytes = 256 << 10
)

// logSink writes the log from a goroutine of its own, so that a reader that is stuck,
// or gone, never holds up a round. What it cannot take is dropped, and counted.
type logSink struct {
	to      io.Writer
	lines   chan []byte
	waiting atomic.Int64 // bytes
	dropped atomic.Uint64
	ended   chan struct{}
}

func newLogSink(to io.Writer) *logSink {
	s := &logSink{to: to, lines: make(chan []byte, maxWaitingLines), ended: make(chan struct{})}
	go s.run()
	return s
}

func (s *logSink) run() {
	defer close(s.ended)
	for line := range s.lines {
		if _, err := s.to.Write(line); err != nil {
			s.dropped.Add(1)
		}
		s.waiting.Add(-int64(len(line)))
	}
}

// Write implements [io.Writer]. It takes one line, and never fails.
func (s *logSink) Write(line []byte) (int, error) {
	n := int64(len(line))
	if s.waiting.Add(n) > maxWaitingBytes {
		s.drop(n)
		return len(line), nil
	}
	select {
	case s.lines <- bytes.Clone(line):
	default:
		s.drop(n)
	}
	return len(line), nil
}

func (s *logSink) drop(bytes int64) {
	s.waiting.Add(-bytes)
	s.dropped.Add(1)
}

// close waits until all is written, but no longer than a reader may take. Nothing may
// be written any more.
func (s *logSink) close(limit time.Duration) {
	close(s.lines)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-s.ended:
	case <-timer.C:
	}
}
