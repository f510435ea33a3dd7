package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// table measures every budget and prints it with what was measured.
func (b *bench) table(ctx context.Context, runs int) error {
	load, _ := os.ReadFile("/proc/loadavg")
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	fmt.Fprintf(b.out, "Measured %s on %s, Linux %s, %d CPUs, %s; load before: %s\n\n", time.Now().UTC().Format(time.DateOnly), cpuModel(),
		strings.TrimSpace(string(kernel)), runtime.NumCPU(), runtime.Version(), strings.TrimSpace(string(load)))
	fmt.Fprintf(b.out, "Median (least–greatest) of %d runs, interleaved.\n\n", runs)
	fmt.Fprintln(b.out, "| | imds-probe | beside it | ratio | budget | |\n|---|---|---|---|---|---|")
	for _, part := range []func(context.Context, int) error{b.sizes, b.starts, b.hours, b.roundCosts, b.vantages, b.scrapes, b.peers, b.anonymous} {
		if err := part(ctx, runs); err != nil {
			return err
		}
	}
	load, _ = os.ReadFile("/proc/loadavg")
	fmt.Fprintf(b.out, "\nLoad after: %s\n", strings.TrimSpace(string(load)))
	return nil
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func (b *bench) row(what string, own, peer sample, budget float64) {
	ratio := own.median() / peer.median()
	word := "pass"
	if ratio > budget {
		word = "**missed**"
	}
	fmt.Fprintf(b.out, "| %s | %v | %v | %.2f | ≤ %.2f | %s |\n", what, own, peer, ratio, budget, word)
}

func (b *bench) sizes(context.Context, int) error {
	var sizes [2]sample
	for i, path := range []string{b.probe, b.node} {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		sizes[i].add(float64(info.Size()) / 1e6)
	}
	b.row("stripped binary, MB; node_exporter", sizes[0], sizes[1], 0.8)
	return nil
}

func (b *bench) starts(ctx context.Context, runs int) error {
	var own, peer sample
	for range 2*runs + 1 {
		ms, err := b.startUp(ctx, b.daemon(30*time.Second, 0))
		if err != nil {
			return err
		}
		own.add(ms)
		if ms, err = b.startUp(ctx, b.nodeExporter()); err != nil {
			return err
		}
		peer.add(ms)
	}
	b.row("exec to first verdict on /metrics, ms; node_exporter's to first /metrics", own, peer, 0.6)
	return nil
}

func (b *bench) hours(ctx context.Context, runs int) error {
	var cpu, resident, anonymous [2]sample
	for range runs {
		for i, s := range []subject{b.daemon(2*tick, 0), b.nodeExporter()} {
			c, r, a, err := b.hour(ctx, s, hourScrapes)
			if err != nil {
				return err
			}
			cpu[i].add(c)
			resident[i].add(r)
			anonymous[i].add(a)
		}
	}
	b.row("resident set after 120 rounds and 240 scrapes, MiB; node_exporter", resident[0], resident[1], 0.65)
	b.row("its anonymous part, MiB; node_exporter", anonymous[0], anonymous[1], 0.35)
	b.row("CPU of 120 rounds and 240 scrapes, s; node_exporter's of 240 scrapes", cpu[0], cpu[1], 0.2)
	return nil
}

// roundCosts compares rounds with a bare loop's; nobody scrapes.
func (b *bench) roundCosts(ctx context.Context, runs int) error {
	var own, peer sample
	for range runs {
		cpu, _, _, err := b.hour(ctx, b.daemon(2*tick, 0), 0)
		if err != nil {
			return err
		}
		own.add(cpu / hourRounds * 1e3)
		if cpu, err = b.bareCPU(ctx); err != nil {
			return err
		}
		peer.add(cpu / hourRounds * 1e3)
	}
	b.row("CPU of a round, ms; a bare net/http loop's", own, peer, 1.5)
	return nil
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
	time.Sleep(hourRounds * 2 * tick)
	after, err := p.cpu()
	return (after - before).Seconds(), err
}

// vantages compares what a further vantage costs with the first.
func (b *bench) vantages(ctx context.Context, runs int) error {
	const more = 4
	var first, further sample
	for range runs {
		one, _, _, err := b.hour(ctx, b.daemon(2*tick, 0), 0)
		if err != nil {
			return err
		}
		all, _, _, err := b.hour(ctx, b.daemon(2*tick, more), 0)
		if err != nil {
			return err
		}
		first.add(one / hourRounds * 1e3)
		further.add((all - one) / more / hourRounds * 1e3)
	}
	b.row("CPU of a round from each further vantage (of 5), ms; from the first", further, first, 1.1)
	return nil
}

// scrapes compares scrapes paced at ten a second, and the status page.
func (b *bench) scrapes(ctx context.Context, runs int) error {
	var own, peer, page, scrape sample
	var lines [2]int
	for range runs {
		d := b.daemon(30*time.Second, 0)
		probe, err := start(ctx, d.binary, d.args...)
		if err != nil {
			return err
		}
		defer probe.stop()
		node, err := start(ctx, b.node, "--collector.disable-defaults", "--collector.textfile", "--collector.textfile.directory="+b.dir)
		if err != nil {
			return err
		}
		defer node.stop()
		for p, text := range map[*process]string{probe: verdict, node: nodeDone} {
			if err := p.await(ctx, text); err != nil {
				return err
			}
		}
		times, err := b.latencies(ctx, 100, []target{{probe, "/metrics"}, {node, "/metrics"}, {probe, "/"}})
		if err != nil {
			return err
		}
		own.add(times[0][50])
		peer.add(times[1][50])
		scrape.add(times[0][50])
		page.add(times[2][98])
		for i, p := range []*process{probe, node} {
			if lines[i], err = b.series(ctx, p); err != nil {
				return err
			}
		}
		probe.stop()
		node.stop()
	}
	b.row(fmt.Sprintf("scrape, paced, p50, ms, %d lines; node_exporter's textfile collector alone, %d lines", lines[0], lines[1]), own, peer, 0.55)
	b.row("status page, p99, ms; a scrape's p50", page, scrape, 5)
	return nil
}
