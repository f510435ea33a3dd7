package prometheus_test

import (
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

var update = flag.Bool("update", false, "write what was measured into docs/deploying.md")

// record shows a table of measurements, and with -update writes it into the
// guide, between the comments that carry its name.
func record(t *testing.T, name, table string) {
	t.Helper()
	t.Logf("%s:\n%s", name, table)
	if *update && testing.Short() {
		t.Error("-short measures less than the guide shows")
	} else if guide := published(t, name); *update && guide != table {
		path := filepath.Join(harness.Root(), "docs", "deploying.md")
		write(t, path, strings.Replace(deployed(t, "../docs/deploying.md"), guide, table, 1))
	}
}

// recordCount is [record] for what is counted: without -update the guide must have it.
func recordCount(t *testing.T, name, table string) {
	t.Helper()
	if diff := cmp.Diff(published(t, name), table); diff != "" && !*update {
		t.Errorf("docs/deploying.md is stale (-update writes it): -guide +counted:\n%s", diff)
	}
	record(t, name, table)
}

// published returns the table of that name in the guide.
func published(t *testing.T, name string) string {
	t.Helper()
	m := regexp.MustCompile(`(?s)<!-- measured: ` + name + ` -->\n(.*?)<!-- end -->`).FindStringSubmatch(deployed(t, "../docs/deploying.md"))
	if m == nil {
		t.Fatalf("docs/deploying.md has no place for the measurement %q", name)
	}
	return m[1]
}

// recordTimes records how long it took from each fault to its notification.
func (f *fleet) recordTimes() {
	f.t.Helper()
	var b strings.Builder
	b.WriteString("| fault | alert | to | `for` | agent names it | notified |\n|---|---|---|---|---|---|\n")
	rules := shippedRules(f.t)
	for _, w := range f.faulty {
		n, _ := first(f.receiver.of(w.name), w.alert, "firing")
		named := "–"
		if w.words != nil {
			named = fmt.Sprintf("%.1f s", w.changed(f.t, w.words.Condition.String()).Sub(w.failed).Seconds())
		}
		i := slices.IndexFunc(rules, func(r rule) bool { return r.Alert == w.alert && r.Labels["scope"] == "instance" })
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %.1f s |\n", w.name, w.alert, w.receiver, rules[i].For, named, n.At.Sub(w.failed).Seconds())
	}
	record(f.t, "times", b.String())
}

// blockStats is what Prometheus says of a block.
type blockStats struct{ NumSamples, NumSeries, NumChunks float64 }

// snapshot has the server write its head as a block, and returns its folder.
func (s *server) snapshot() (stats blockStats, dir string) {
	s.t.Helper()
	var answer struct{ Data struct{ Name string } }
	decode(s.t, fetch(s.t, http.MethodPost, "http://"+s.address+"/api/v1/admin/tsdb/snapshot"), &answer)
	metas, err := filepath.Glob(filepath.Join(s.dir, "data", "snapshots", answer.Data.Name, "*", "meta.json"))
	if err != nil || len(metas) != 1 {
		s.t.Fatalf("%d blocks in the snapshot (%v), want 1", len(metas), err)
	}
	text, err := os.ReadFile(metas[0])
	if err != nil {
		s.t.Fatal(err)
	}
	var meta struct{ Stats blockStats }
	decode(s.t, text, &meta)
	return meta.Stats, filepath.Dir(metas[0])
}

// recordStorage records what the samples of these daemons take on disk.
func (f *fleet) recordStorage() {
	f.t.Helper()
	stats, dir := f.prometheus.snapshot()
	record(f.t, "storage", fmt.Sprintf("| | |\n|---|---|\n| samples | %.0f |\n| samples a chunk | %.0f |\n| bytes a sample | %.2f |\n",
		stats.NumSamples, stats.NumSamples/stats.NumChunks, sizeOf(f.t, filepath.Join(dir, "chunks"))/stats.NumSamples))
}

// sizeOf returns the bytes of the files in a folder.
func sizeOf(t *testing.T, dir string) (total float64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += float64(info.Size())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return total
}
