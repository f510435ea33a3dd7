package main

import (
	"context"
	"fmt"
	"os"
)

// results are what all passes measured.
type results struct {
	own, node, box *program
	// CPU of a round, ms: our own, a bare loop's, and of each further vantage.
	round, bare, further sample
	// Times of a GET, ms: node_exporter's textfile collector alone, and the slowest
	// of a hundred of our status page.
	textfile, page sample
	// lines are those of our own page of metrics and of the textfile collector's.
	lines [2]int
	// parts is where the anonymous memory of our own is.
	parts map[string]fill
}

// starts of each program are measured in a pass.
const starts = 3

// measure makes passes, each of everything, so that what the machine does at one
// time meets all.
func (b *bench) measure(ctx context.Context, passes int) (*results, error) {
	r := &results{}
	r.own, r.node, r.box = b.programs()
	for _, p := range []*program{r.own, r.node, r.box} {
		info, err := os.Stat(p.binary)
		if err != nil {
			return nil, err
		}
		p.size = float64(info.Size()) / 1e6
	}
	for range passes {
		for _, part := range []func(context.Context, *results) error{b.startUps, b.hours, b.rounds, b.scrapes} {
			if err := part(ctx, r); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

func (b *bench) startUps(ctx context.Context, r *results) error {
	for range starts {
		for _, p := range []*program{r.own, r.node, r.box} {
			ms, err := b.startUp(ctx, p.calm)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			p.start.add(ms)
		}
	}
	return nil
}

func (b *bench) hours(ctx context.Context, r *results) error {
	for _, p := range []*program{r.own, r.node, r.box} {
		var look func(*process) error
		if p == r.own {
			look = func(running *process) (err error) {
				r.parts, err = running.anonymousPages(p.binary)
				return err
			}
		}
		cost, err := b.hour(ctx, p.subject, b.scrapesAnHour, look)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		p.cpu.add(cost.cpu)
		p.resident.add(cost.resident)
		p.anonymous.add(cost.anonymous)
	}
	return nil
}

// rounds measures rounds that nobody scrapes: of our own from one vantage and from
// five, and of a bare loop.
func (b *bench) rounds(ctx context.Context, r *results) error {
	const more = 4
	perRound := func(seconds float64) float64 { return seconds / float64(b.roundsAnHour()) * 1e3 }
	one, err := b.hour(ctx, b.daemon(2*tick, 0), 0, nil)
	if err != nil {
		return err
	}
	all, err := b.hour(ctx, b.daemon(2*tick, more), 0, nil)
	if err != nil {
		return err
	}
	bare, err := b.bareCPU(ctx)
	if err != nil {
		return err
	}
	r.round.add(perRound(one.cpu))
	r.further.add(perRound(all.cpu-one.cpu) / more)
	r.bare.add(perRound(bare))
	return nil
}

// scrapes measures paced GETs of all in turn.
func (b *bench) scrapes(ctx context.Context, r *results) error {
	var running []*process
	for _, s := range []subject{r.own.calm, b.textfile(), r.node.calm, r.box.calm} {
		p, err := start(ctx, s.binary, s.args...)
		if err != nil {
			return err
		}
		defer p.stop()
		if err := p.await(ctx, s.ready); err != nil {
			return err
		}
		running = append(running, p)
	}
	own, textfile, node, box := running[0], running[1], running[2], running[3]
	times, err := b.latencies(ctx, 100, []target{{own, "/metrics"}, {textfile, "/metrics"}, {own, "/"}, {node, "/metrics"}, {box, r.box.path}})
	if err != nil {
		return err
	}
	r.own.scrape.add(times[0][50])
	r.textfile.add(times[1][50])
	r.page.add(times[2][98])
	r.node.scrape.add(times[3][50])
	r.box.scrape.add(times[4][50])
	for i, p := range []*process{own, textfile} {
		if r.lines[i], err = b.series(ctx, p); err != nil {
			return err
		}
	}
	return nil
}
