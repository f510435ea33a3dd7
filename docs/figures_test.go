package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/imds-probe/imds-probe/probes"
)

// figure is a place in a document whose figures follow from what a test or a
// measurement has written.
type figure struct {
	file string
	// phrase matches the place once, with a group for each figure.
	phrase string
	want   []string
}

// figures returns all that are written into prose.
func figures(t *testing.T) []figure {
	t.Helper()
	const readme, deploying, performance = "../README.md", "deploying.md", "performance.md"
	series, lines, kept := exposition(t)
	slowest, lead := detection(t)
	costs := read(t, performance)
	memory, cpu := row(t, costs, "resident set after"), row(t, costs, "CPU of 120 rounds")
	fleet := read(t, deploying)
	scrape := number(t, row(t, fleet, "bytes of a scrape, as text")[1])
	return append([]figure{
		{readme, `fails in (\d+) ways`, []string{strconv.Itoa(tour(t))}},
		{readme, `(\d+ s) from\s+fault\s+to\s+verdict`, []string{slowest}},
		{readme, `(\d+ h \d+ min) from\s+there`, []string{lead}},
		{readme, `has (\d+) series as Prometheus stores them, (\d+) lines as text`, []string{strconv.Itoa(series), strconv.Itoa(lines)}},
		{
			readme, `costs ([\d.]+) MiB of memory and ([\d.]+) s of CPU per hour, (\d+) % and (\d+) % of`,
			[]string{short(number(t, memory[1])), short(number(t, cpu[1])), percent(t, memory[3]), percent(t, cpu[3])},
		},
		{performance, `series as Prometheus stores them; lines as text \| (\d+); (\d+) \|`, []string{strconv.Itoa(series), strconv.Itoa(lines)}},
		{deploying, `(\d+) metrics however many instances`, []string{strconv.Itoa(len(probes.Conditions()))}},
		{deploying, `an agent has (\d+) series, and the panels`, []string{strconv.Itoa(kept)}},
		{
			deploying, `A scrape is (\S+) KB of text: (\S+) MB a second for 100,000 instances, of which the agents' side is (\S+) KB`,
			[]string{short(scrape / 1e3), short(scrape / 30 * 1e5 / 1e6), short(scrape / 30 / 1e3)},
		},
	}, sizing(t, fleet)...)
}

// sizing returns the figures of the guide's table for a scrape in 30 s, two bytes a
// sample and 15 days kept, which follow from the measured fleet.
func sizing(t *testing.T, guide string) (all []figure) {
	t.Helper()
	series := number(t, row(t, guide, "series in the server, for each instance")[1])
	kib := number(t, row(t, guide, "memory of the server, for each series")[1])
	rate := series / 30
	disk := rate * 2 * (15 * 24 * time.Hour).Seconds()
	figures := func(n float64, bytes float64) []string {
		return []string{short(series * n), short(rate * n), short(disk * n / bytes)}
	}
	memory := func(n float64) string { return short(kib * series * n / (1 << 20)) }
	const cells = `(?m)^\| %s \| (\S+) \| (\S+) \| (\S+) %s \| %s`
	return []figure{
		{"deploying.md", fmt.Sprintf(cells, "1", "MB", ""), figures(1, 1e6)},
		{"deploying.md", fmt.Sprintf(cells, "1,000", "GB", `(\S+) GiB`), append(figures(1e3, 1e9), memory(1e3))},
		{"deploying.md", fmt.Sprintf(cells, "100,000", "GB", `(\S+) GiB`), append(figures(1e5, 1e9), memory(1e5))},
	}
}

// TestFigures writes the figures, or compares them.
func TestFigures(t *testing.T) {
	for _, f := range figures(t) {
		text := read(t, f.file)
		places := regexp.MustCompile(f.phrase).FindAllStringSubmatchIndex(text, -1)
		if len(places) != 1 {
			t.Errorf("%s has %d places like %q, want one", f.file, len(places), f.phrase)
			continue
		}
		var got []string
		var b strings.Builder
		end := 0
		for i, want := range f.want {
			from, to := places[0][2+2*i], places[0][3+2*i]
			got = append(got, text[from:to])
			b.WriteString(text[end:from] + want)
			end = to
		}
		b.WriteString(text[end:])
		if *update {
			write(t, f.file, b.String())
		} else if diff := cmp.Diff(f.want, got); diff != "" {
			t.Errorf("%s, %q (make docs writes it): -want +got:\n%s", f.file, f.phrase, diff)
		}
	}
}

// exposition counts what a healthy agent exports, by the golden file of the metrics:
// series as Prometheus stores them, a native histogram being one, lines of text, and
// the lines that the guide's metric_relabel_configs keep.
func exposition(t *testing.T) (series, lines, kept int) {
	t.Helper()
	text := read(t, "../agent/metrics/testdata/metrics.txt")
	decoder := expfmt.NewTextParser(model.UTF8Validation)
	families, err := decoder.TextToMetricFamilies(strings.NewReader(parsable(text)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		series += len(f.GetMetric())
	}
	keep := regexp.MustCompile(`(?m)^    regex: (\S+)$`).FindStringSubmatch(read(t, "deploying.md"))
	if keep == nil {
		t.Fatal("deploying.md does not say what to keep")
	}
	name := regexp.MustCompile(`^(?:` + keep[1] + `)$`)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		lines++
		if name.MatchString(line[:strings.IndexAny(line, "{ ")]) {
			kept++
		}
	}
	return series, lines, kept
}

// parsable puts a value where the golden file hides one that changes.
func parsable(text string) string {
	return strings.NewReplacer("{…}", "", " *\n", " 0\n").Replace(text)
}

// detection returns the longest time to a verdict and the shortest lead, of
// docs/detection.md.
func detection(t *testing.T) (slowest, lead string) {
	t.Helper()
	var after, leads []time.Duration
	for _, m := range regexp.MustCompile("(?m)^\\| `\\w+` \\| `\\w+` \\| (\\w+) \\| (\\S+) \\|$").FindAllStringSubmatch(read(t, "detection.md"), -1) {
		after = append(after, duration(t, m[1]))
		if m[2] != "–" {
			leads = append(leads, duration(t, m[2]))
		}
	}
	if len(leads) == 0 {
		t.Fatal("detection.md has no row")
	}
	least := slices.Min(leads)
	return fmt.Sprintf("%.0f s", slices.Max(after).Seconds()), fmt.Sprintf("%d h %d min", int(least.Hours()), int(least.Minutes())%60)
}

// tour returns how many scenarios the demo shows.
func tour(t *testing.T) (n int) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../cmd/imds-probe/demo.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok && spec.Names[0].Name == "tour" {
			n = len(spec.Values[0].(*ast.CompositeLit).Elts)
		}
		return true
	})
	if n == 0 {
		t.Fatal("the demo has no tour")
	}
	return n
}

// row returns the cells of the one row of a table that begins with a text.
func row(t *testing.T, text, begin string) []string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^\| (`+regexp.QuoteMeta(begin)+`.*) \|$`).FindAllStringSubmatch(text, -1)
	if len(m) != 1 {
		t.Fatalf("%d rows begin with %q, want one", len(m), begin)
	}
	return strings.Split(m[0][1], " | ")
}

// number returns the number that a cell begins with.
func number(t *testing.T, cell string) float64 {
	t.Helper()
	word, _, _ := strings.Cut(cell, " ")
	n, err := strconv.ParseFloat(word, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// short writes a number with two digits that count.
func short(n float64) string {
	places := 1 - int(math.Floor(math.Log10(n)))
	unit := math.Pow10(-places)
	text := strconv.FormatFloat(math.Round(n/unit)*unit, 'f', max(0, places), 64)
	whole, part, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return strings.TrimSuffix(whole+"."+strings.TrimRight(part, "0"), ".")
}

func percent(t *testing.T, ratio string) string {
	t.Helper()
	return fmt.Sprintf("%.0f", 100*number(t, ratio))
}

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
