package metrics

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
	// process is this one; nil where there is no /proc. Finding it anew would be
	// a twentieth of what a scrape costs.
	process   *procfs.Proc
	startTime float64
}

func newProcessCollector() prometheus.Collector {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("process_"+name, help, nil, nil)
	}
	c := &processCollector{
		cpu:      desc("cpu_seconds_total", "Total user and system CPU time spent in seconds."),
		openFDs:  desc("open_fds", "Number of open file descriptors."),
		maxFDs:   desc("max_fds", "Maximum number of open file descriptors."),
		virtual:  desc("virtual_memory_bytes", "Virtual memory size in bytes."),
		resident: desc("resident_memory_bytes", "Resident memory size in bytes."),
		start:    desc("start_time_seconds", "Start time of the process since unix epoch in seconds."),
	}
	if process, err := procfs.Self(); err == nil {
		c.process, c.startTime = &process, startTime(process)
	}
	return c
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
	if c.process == nil {
		return
	}
	if n, err := c.process.FileDescriptorsLen(); err == nil {
		out.gauge(c.openFDs, float64(n))
	}
	stat, err := c.process.Stat()
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

// startTime returns when a process started; 0 if that cannot be read. It takes the
// time of the boot from a long file, and does not change.
func startTime(process procfs.Proc) float64 {
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
