package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// machine says on what is measured.
func machine(w io.Writer, passes int) {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	fmt.Fprintf(w, "Measured %s on %s, Linux %s, %d CPUs, %s; load before: %s\n\n", time.Now().UTC().Format(time.DateOnly), cpuModel(),
		strings.TrimSpace(string(kernel)), runtime.NumCPU(), runtime.Version(), load())
	fmt.Fprintf(w, "Median (least–greatest) of %d passes, each of everything; a pass starts each program three times.\n\n", passes)
}

func load() string {
	text, _ := os.ReadFile("/proc/loadavg")
	return strings.TrimSpace(string(text))
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

// print prints the tables.
func (r *results) print(w io.Writer) {
	r.budgets(w)
	r.programs(w)
	r.memory(w)
}

// budgets prints each budget with what was measured.
func (r *results) budgets(w io.Writer) {
	fmt.Fprintln(w, "| | imds-probe | beside it | ratio | budget | |\n|---|---|---|---|---|---|")
	for _, b := range []struct {
		what      string
		own, peer sample
		budget    float64
	}{
		{"stripped binary, MB; node_exporter", sample{r.own.size}, sample{r.node.size}, 0.95},
		{"exec to first verdict on /metrics, ms; node_exporter's to first /metrics", r.own.start, r.node.start, 0.75},
		{"resident set after 120 rounds and 240 scrapes, MiB; node_exporter", r.own.resident, r.node.resident, 0.75},
		{"its anonymous part, MiB; node_exporter", r.own.anonymous, r.node.anonymous, 0.5},
		{"CPU of 120 rounds and 240 scrapes, s; node_exporter's of 240 scrapes", r.own.cpu, r.node.cpu, 0.22},
		{"CPU of a round, ms; a bare net/http loop's", r.round, r.bare, 1.5},
		{"CPU of a round from each further vantage (of 5), ms; from the first", r.further, r.round, 1.1},
		{
			fmt.Sprintf("scrape, paced, p50, ms, %d lines; node_exporter's textfile collector alone, %d lines", r.lines[0], r.lines[1]),
			r.own.scrape, r.textfile, 0.6,
		},
		{"status page, p99, ms; a scrape's p50", r.page, r.own.scrape, 10},
	} {
		ratio := b.own.median() / b.peer.median()
		word := "pass"
		if ratio > b.budget {
			word = "**missed**"
		}
		fmt.Fprintf(w, "| %s | %v | %v | %.2f | ≤ %.2f | %s |\n", b.what, b.own, b.peer, ratio, b.budget, word)
	}
}

// programs prints the same measurements program by program. No budget is about
// blackbox_exporter.
func (r *results) programs(w io.Writer) {
	fmt.Fprintln(w, "\n| beside each other | asked for | binary, MB | start, ms | resident, MiB | anonymous, MiB | CPU of an hour's scrapes, s | scrape p50, ms |\n|---|---|---|---|---|---|---|---|")
	for _, p := range []*program{r.own, r.node, r.box} {
		fmt.Fprintf(w, "| %s | %s | %.1f | %v | %v | %v | %v | %v |\n",
			p.name, p.asked, p.size, p.start, p.resident, p.anonymous, p.cpu, p.scrape)
	}
}

// memory prints where the anonymous memory of our own daemon is after an hour, by
// the pages that are there: the profile behind its budget.
func (r *results) memory(w io.Writer) {
	fmt.Fprintf(w, "\n| anonymous memory of imds-probe | KiB | pages of 4 KiB | of them with less than %d bytes that are not zero |\n|---|---|---|---|\n", sparse)
	for _, name := range []string{partHeap, partRuntime, partData, partStack} {
		f := r.parts[name]
		fmt.Fprintf(w, "| %s | %d | %d | %d |\n", name, f.pages*pageSize>>10, f.pages, f.sparse)
	}
	fmt.Fprintf(w, "\nLoad after: %s\n", load())
}
