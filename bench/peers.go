package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// peer is a program of the second table.
type peer struct {
	name, asked string
	subject
	start, cpu, resident, anonymous, scrape sample
}

// peers measures what people run today in the way our own daemon is measured. No
// budget is about it. blackbox_exporter can ask IMDS for one path, without a
// token: it is scraped for what it says of that.
func (b *bench) peers(ctx context.Context, runs int) error {
	daemon := b.daemon(2*tick, 0)
	all := []*peer{
		{name: "imds-probe", asked: "`/metrics`, with a round for every second one", subject: daemon},
		{name: "node_exporter", asked: "`/metrics`, default collectors", subject: b.nodeExporter()},
		{name: "blackbox_exporter", asked: "`/probe` of one path", subject: subject{
			binary: b.blackbox,
			args:   []string{"--config.file=" + b.dir + "/prometheus-blackbox-exporter.root/etc/prometheus/blackbox.yml"},
			ready:  boxReady,
			path:   "/probe?module=http_2xx&target=" + b.endpoint + "/latest/meta-data/iam/info",
		}},
	}
	for range runs {
		for _, p := range all {
			if err := b.measurePeer(ctx, p); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	fmt.Fprintln(b.out, "\n| beside each other | asked for | binary, MB | start, ms | resident, MiB | anonymous, MiB | CPU of an hour's scrapes, s | scrape p50, ms |\n|---|---|---|---|---|---|---|---|")
	for _, p := range all {
		info, err := os.Stat(p.binary)
		if err != nil {
			return err
		}
		fmt.Fprintf(b.out, "| %s | %s | %.1f | %v | %v | %v | %v | %v |\n",
			p.name, p.asked, float64(info.Size())/1e6, p.start, p.resident, p.anonymous, p.cpu, p.scrape)
	}
	return nil
}

func (b *bench) measurePeer(ctx context.Context, p *peer) error {
	ms, err := b.startUp(ctx, p.subject)
	if err != nil {
		return err
	}
	p.start.add(ms)
	cpu, resident, anonymous, err := b.hour(ctx, p.subject, hourScrapes)
	if err != nil {
		return err
	}
	p.cpu.add(cpu)
	p.resident.add(resident)
	p.anonymous.add(anonymous)
	once := p.subject
	if once.binary == b.probe {
		once = b.daemon(30*time.Second, 0)
	}
	running, err := start(ctx, once.binary, once.args...)
	if err != nil {
		return err
	}
	defer running.stop()
	if err := running.await(ctx, once.ready); err != nil {
		return err
	}
	times, err := b.latencies(ctx, 50, []target{{running, once.scraped()}})
	if err != nil {
		return err
	}
	p.scrape.add(times[0][25])
	return nil
}
