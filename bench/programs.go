package main

import (
	"strconv"
	"time"
)

// program is one of those that are compared, with what was measured of it.
type program struct {
	name, asked string
	subject
	// calm is the subject while it is scraped: our own makes a round in 30 s then.
	calm                                    subject
	size                                    float64 // MB
	start, cpu, resident, anonymous, scrape sample
}

// programs are our own and what people run today. blackbox_exporter can ask IMDS
// for one path, without a token: it is scraped for what it says of that.
func (b *bench) programs() (own, node, box *program) {
	exporter := subject{binary: b.node, ready: nodeDone}
	blackbox := subject{
		binary: b.blackbox,
		args:   []string{"--config.file=" + b.dir + "/prometheus-blackbox-exporter.root/etc/prometheus/blackbox.yml"},
		ready:  boxReady,
		path:   "/probe?module=http_2xx&target=" + b.endpoint + "/latest/meta-data/iam/info",
	}
	own = &program{
		name: "imds-probe", asked: "`/metrics`, with a round for every second one",
		subject: b.daemon(2*tick, 0), calm: b.daemon(30*time.Second, 0),
	}
	node = &program{name: "node_exporter", asked: "`/metrics`, default collectors", subject: exporter, calm: exporter}
	box = &program{name: "blackbox_exporter", asked: "`/probe` of one path", subject: blackbox, calm: blackbox}
	return own, node, box
}

// daemon is our own, with a round every interval, looking from so many users of
// the host as well.
func (b *bench) daemon(interval time.Duration, users int) subject {
	args := []string{"run", "--imds.endpoint=" + b.endpoint, "--probe.interval=" + interval.String(), "--probe.timeout=" + min(interval, time.Second).String()}
	if users > 0 {
		args = append(args, "--vantage=host")
	}
	for uid := range users {
		args = append(args, "--vantage=user:"+strconv.Itoa(uid))
	}
	return subject{binary: b.probe, args: args, ready: verdict}
}

// textfile is node_exporter with the collector alone that reads files, of which
// there are none: what a scrape costs at the least with that library.
func (b *bench) textfile() subject {
	args := []string{"--collector.disable-defaults", "--collector.textfile", "--collector.textfile.directory=" + b.dir}
	return subject{binary: b.node, args: args, ready: nodeDone}
}
