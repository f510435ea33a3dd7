package main

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An hour at defaults has that many rounds and scrapes. They are made in a
// shorter time: what a round and a scrape cost does not depend on the pause.
const (
	hourRounds  = 120
	hourScrapes = 240
	tick        = 50 * time.Millisecond // between scrapes; a round comes every two
)

// startUp measures the time from exec until the subject is ready, in ms.
func (b *bench) startUp(ctx context.Context, s subject) (float64, error) {
	began := time.Now()
	p, err := start(ctx, s.binary, s.args...)
	if err != nil {
		return 0, err
	}
	defer p.stop()
	err = p.await(ctx, s.ready)
	return time.Since(began).Seconds() * 1e3, err
}

// hour measures an hour's worth of scrapes (and, of our own daemon, rounds):
// CPU seconds and memory at the end, which inspect may look at as well.
func (b *bench) hour(ctx context.Context, s subject, scrapes int, inspect ...func(*process) error) (cpu, resident, anonymous float64, err error) {
	p, err := start(ctx, s.binary, s.args...)
	if err != nil {
		return 0, 0, 0, err
	}
	defer p.stop()
	if err := p.await(ctx, s.ready); err != nil {
		return 0, 0, 0, err
	}
	before, err := p.cpu()
	if err != nil {
		return 0, 0, 0, err
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for i := range hourScrapes {
		if i < scrapes {
			if _, err := get(ctx, b.keepAlive, p.url+s.scraped()); err != nil {
				return 0, 0, 0, err
			}
		}
		<-ticker.C
	}
	after, err := p.cpu()
	if err != nil {
		return 0, 0, 0, err
	}
	for _, look := range inspect {
		if err := look(p); err != nil {
			return 0, 0, 0, err
		}
	}
	resident, anonymous, err = p.memory()
	return (after - before).Seconds(), resident, anonymous, err
}

// latencies measures GETs of a path of several subjects, paced at ten a second
// in turn, and returns each one's times in milliseconds, sorted.
func (b *bench) latencies(ctx context.Context, n int, targets []target) ([][]float64, error) {
	times := make([][]float64, len(targets))
	ticker := time.NewTicker(100 * time.Millisecond / time.Duration(len(targets)))
	defer ticker.Stop()
	for range n {
		for i, t := range targets {
			<-ticker.C
			began := time.Now()
			if _, err := get(ctx, b.keepAlive, t.process.url+t.path); err != nil {
				return nil, err
			}
			times[i] = append(times[i], time.Since(began).Seconds()*1e3)
		}
	}
	for i := range times {
		slices.Sort(times[i])
	}
	return times, nil
}

// target is a page of a running subject.
type target struct {
	process *process
	path    string
}

// series counts the sample lines of a page in the text format.
func (b *bench) series(ctx context.Context, p *process) (n int, err error) {
	text, err := get(ctx, http.DefaultTransport, p.url+"/metrics")
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			n++
		}
	}
	return n, err
}

// sample is what several runs measured.
type sample []float64

func (s *sample) add(v float64) { *s = append(*s, v) }

func (s sample) median() float64 {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[len(sorted)/2]
}

// String is the median with the least and the greatest.
func (s sample) String() string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
	return number(s.median()) + " (" + number(slices.Min(s)) + "–" + number(slices.Max(s)) + ")"
}
