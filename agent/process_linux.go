package agent

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// processCollector has the process metrics of client_golang, but for those that
// say nothing of this process (the network namespace's traffic, the limit of its
// address space) and cost half of a scrape to parse.
type processCollector struct {
	cpu, openFDs, maxFDs, virtual, resident, start *prometheus.Desc
	startTime                                      float64
}

func newProcessCollector() prometheus.Collector {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("process_"+name, help, nil, nil)
	}
	return &processCollector{
		cpu:      desc("cpu_seconds_total", "Total user and system CPU time spent in seconds."),
		openFDs:  desc("open_fds", "Number of open file descriptors."),
		maxFDs:   desc("max_fds", "Maximum number of open file descriptors."),
		virtual:  desc("virtual_memory_bytes", "Virtual memory size in bytes."),
		resident: desc("resident_memory_bytes", "Resident memory size in bytes."),
		start:    desc("start_time_seconds", "Start time of the process since unix epoch in seconds."),

		startTime: ownStartTime(),
	}
}

// Describe implements [prometheus.Collector].
func (c *processCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.cpu, c.openFDs, c.maxFDs, c.virtual, c.resident, c.start} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector]. What cannot be read is absent.
func (c *processCollector) Collect(ch chan<- prometheus.Metric) {
	out := sink(ch)
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		out.gauge(c.maxFDs, float64(limit.Cur))
	}
	process, err := procfs.Self()
	if err != nil {
		return
	}
	if n, err := process.FileDescriptorsLen(); err == nil {
		out.gauge(c.openFDs, float64(n))
	}
	stat, err := process.Stat()
	if err != nil {
		return
	}
	out.counter(c.cpu, stat.CPUTime())
	out.gauge(c.virtual, float64(stat.VirtualMemory()))
	out.gauge(c.resident, float64(stat.ResidentMemory()))
	if c.startTime > 0 {
		out.gauge(c.start, c.startTime)
	}
}

// ownStartTime returns when this process started; 0 if that cannot be read. It
// takes the time of the boot from a long file, and does not change.
func ownStartTime() float64 {
	process, err := procfs.Self()
	if err != nil {
		return 0
	}
	stat, err := process.Stat()
	if err != nil {
		return 0
	}
	start, err := stat.StartTime()
	if err != nil {
		return 0
	}
	return start
}
