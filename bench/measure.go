package main

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tick is the time between the scrapes of an hour; a round comes every two. What a
// round and a scrape cost does not depend on the pause.
const tick = 50 * time.Millisecond

// roundsAnHour is how many rounds come with the scrapes: an hour at defaults has
// 120 and 240.
func (b *bench) roundsAnHour() int { return b.scrapesAnHour / 2 }

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

// cost is CPU seconds, and memory at the end in MiB.
type cost struct{ cpu, resident, anonymous float64 }

// hour measures an hour's worth of scrapes (and, of our own daemon, rounds). look,
// if there is one, may look at the process at the end.
func (b *bench) hour(ctx context.Context, s subject, scrapes int, look func(*process) error) (c cost, err error) {
	p, err := start(ctx, s.binary, s.args...)
	if err != nil {
		return c, err
	}
	defer p.stop()
	if err := p.await(ctx, s.ready); err != nil {
		return c, err
	}
	before, err := p.cpu()
	if err != nil {
		return c, err
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for i := range b.scrapesAnHour {
		if i < scrapes {
			if _, err := get(ctx, b.keepAlive, p.url+s.scraped()); err != nil {
				return c, err
			}
		}
		<-ticker.C
	}
	after, err := p.cpu()
	if err != nil {
		return c, err
	}
	c.cpu = (after - before).Seconds()
	if c.resident, c.anonymous, err = p.memory(); err != nil || look == nil {
		return c, err
	}
	return c, look(p)
}

// bareCPU is the CPU of as many bare rounds.
func (b *bench) bareCPU(ctx context.Context) (float64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, self, "-bare="+b.endpoint)
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	p := &process{cmd: cmd}
	defer p.stop()
	time.Sleep(10 * tick) // past its start
	before, err := p.cpu()
	if err != nil {
		return 0, err
	}
	time.Sleep(time.Duration(b.scrapesAnHour) * tick)
	after, err := p.cpu()
	return (after - before).Seconds(), err
}

// latencies measures GETs of a path of several subjects, in turn and thirty a
// second, and returns each one's times in milliseconds, sorted.
func (b *bench) latencies(ctx context.Context, n int, targets []target) ([][]float64, error) {
	times := make([][]float64, len(targets))
	ticker := time.NewTicker(time.Second / 30)
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
