// Command bench measures what imds-probe costs beside what people run today, on
// this machine and in one run, prints the tables and puts them into
// docs/performance.md. Run it by make bench.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/imds-probe/imds-probe/probes/imdstest"
)

func main() {
	bare := flag.String("bare", "", "only make bare rounds at this endpoint, every -interval, for ever")
	interval := flag.Duration("interval", 2*tick, "time between bare rounds")
	passes := flag.Int("passes", 3, "passes of which the median is taken")
	scrapes := flag.Int("scrapes", 240, "scrapes of an hour; fewer only to see that it works")
	document := flag.String("document", "", "document to put the tables into")
	flag.Parse()
	ctx := context.Background()
	var err error
	if *bare != "" {
		err = bareLoop(ctx, *bare, *interval)
	} else {
		err = run(ctx, *passes, *scrapes, *document)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// subject is a program with its flags; ready is what its /metrics has when it is
// up.
type subject struct {
	binary string
	args   []string
	ready  string
	// path is what is scraped; empty for /metrics.
	path string
}

// scraped is the path that is scraped.
func (s subject) scraped() string { return cmp.Or(s.path, "/metrics") }

// bench is where and of what the measurements are.
type bench struct {
	dir       string
	endpoint  string
	keepAlive *http.Transport
	probe     string
	node      string
	blackbox  string
	// scrapesAnHour is how many scrapes stand for an hour's.
	scrapesAnHour int
}

const (
	verdict  = `imds_condition{condition="healthy",vantage="host"} 1`
	nodeDone = "node_scrape_collector_success"
	boxReady = "blackbox_exporter_config_last_reload_successful 1"
)

func run(ctx context.Context, passes, scrapes int, document string) error {
	dir, err := os.MkdirTemp("", "imds-probe-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	server, err := imdstest.Listen(imdstest.New(imdstest.MustFind("healthy")), "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer server.Close()
	b := &bench{dir: dir, endpoint: server.URL(), keepAlive: &http.Transport{}, scrapesAnHour: scrapes}
	if b.probe, err = build(dir, "..", "./cmd/imds-probe"); err != nil {
		return err
	}
	if b.node, err = build(dir, ".", "github.com/prometheus/node_exporter"); err != nil {
		return err
	}
	if b.blackbox, err = debian(ctx, dir, "prometheus-blackbox-exporter"); err != nil {
		return err
	}
	var text strings.Builder
	out := io.MultiWriter(os.Stdout, &text)
	machine(out, passes)
	r, err := b.measure(ctx, passes)
	if err != nil {
		return err
	}
	r.print(out)
	if document == "" {
		return nil
	}
	return replace(document, text.String())
}

// build builds a program stripped, as it is shipped, from the module in a folder.
func build(dir, module, pkg string) (string, error) {
	path := filepath.Join(dir, filepath.Base(pkg))
	cmd := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, pkg)
	cmd.Dir, cmd.Env, cmd.Stderr = module, append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	return path, cmd.Run()
}
