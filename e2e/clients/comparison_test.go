package clients_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

var update = flag.Bool("update", false, "write the table of docs/simulator.md anew")

// TestComparison wants the table of docs/simulator.md to be what clients and
// requests find at the simulator and at public mocks. The short run looks at the
// simulator's column, for the clients that it has.
func TestComparison(t *testing.T) {
	written, write := harness.Section(t, "simulator.md", "E2E_FULL=1 go test ./clients -run TestComparison -update")
	found := compare(t)
	if *update && harness.Full() {
		write(found.String())
		return
	}
	want := parseTable(written)
	if !harness.Full() {
		want = want.like(found)
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("the table of docs/simulator.md is not what was found (run with -update); -written +found:\n%s", diff)
	}
}

// table is a list of rows, the first of which is the head.
type table [][]string

// compare runs all clients and traits of this run against all mocks of this run.
func compare(t *testing.T) table {
	t.Helper()
	all := everything(t)
	found := table{{"client or trait"}}
	for _, c := range clients() {
		found = append(found, []string{c.name})
	}
	for _, trait := range traits() {
		found = append(found, []string{trait.name})
	}
	for _, m := range mocks() {
		n := newNamespace(t)
		m.start(t, n)
		for i, cell := range append([]string{m.name}, cellsOf(t, m, n, all)...) {
			found[i] = append(found[i], cell)
		}
	}
	return found
}

// String is the table in Markdown.
func (t table) String() string {
	var b strings.Builder
	for i, row := range t {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i == 0 {
			b.WriteString(strings.Repeat("|---", len(row)) + "|\n")
		}
	}
	return b.String()
}

func parseTable(text string) (t table) {
	for line := range strings.Lines(text) {
		if row := strings.TrimSpace(line); !strings.HasPrefix(row, "|---") {
			t = append(t, strings.Split(strings.TrimSuffix(strings.TrimPrefix(row, "| "), " |"), " | "))
		}
	}
	return t
}

// like keeps the rows and columns that another table has.
func (t table) like(other table) (kept table) {
	names := map[string]bool{}
	for _, row := range other {
		names[row[0]] = true
	}
	for _, row := range t {
		if names[row[0]] {
			kept = append(kept, row[:min(len(row), len(other[0]))])
		}
	}
	return kept
}

// cellsOf returns the cells of a mock, one for each row.
func cellsOf(t *testing.T, m mock, n namespace, all found) (cells []string) {
	t.Helper()
	for _, c := range clients() {
		command := c.install(t)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		got, err := c.run(ctx, t, n, command)
		cancel()
		whole := err == nil && fills(c.asks(all), c.asks(got))
		t.Logf("%s: %s: %t, %v", m.name, c.name, whole, err)
		cells = append(cells, yes(whole))
	}
	s := session{t: t, http: n.client()}
	s.token = s.ask(http.MethodPut, "/latest/api/token", map[string]string{"X-aws-ec2-metadata-token-ttl-seconds": "60"}).body
	for _, trait := range traits() {
		cells = append(cells, yes(trait.has(s)))
	}
	return cells
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// fills tells whether got has a value wherever want has one.
func fills(want, got found) bool {
	w, g := reflect.ValueOf(want), reflect.ValueOf(got)
	for i := range w.NumField() {
		if !w.Field(i).IsZero() && g.Field(i).IsZero() {
			return false
		}
	}
	return true
}

// answer is what a request is answered with.
type answer struct {
	status int
	header http.Header
	body   string
	closed bool
}

func do(client *http.Client, req *http.Request) answer {
	resp, err := client.Do(req)
	if err != nil {
		return answer{}
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(body), resp.Close}
}

// trait is something that IMDS does.
type trait struct {
	name string
	has  func(s session) bool
}

func traits() []trait {
	const hostname, role = "/latest/meta-data/hostname", "/latest/meta-data/iam/security-credentials/"
	status := func(path string, want int) func(s session) bool {
		return func(s session) bool { return s.get(path).status == want }
	}
	return []trait{
		{"401 without a token", func(s session) bool { return s.ask(http.MethodGet, hostname, nil).status == 401 }},
		{"… for unknown paths too", func(s session) bool { return s.ask(http.MethodGet, "/latest/nothing", nil).status == 401 }},
		{"400 for a token without a TTL", func(s session) bool {
			return s.ask(http.MethodPut, "/latest/api/token", nil).status == 400
		}},
		{"403 for a forwarded token request", func(s session) bool {
			return s.ask(http.MethodPut, "/latest/api/token", map[string]string{
				"X-aws-ec2-metadata-token-ttl-seconds": "60", "X-Forwarded-For": "192.0.2.1",
			}).status == 403
		}},
		{"`Server: EC2ws`", func(s session) bool { return s.get(hostname).header.Get("Server") == "EC2ws" }},
		{"remaining TTL of the token in answers", func(s session) bool {
			return s.get(hostname).header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds") != ""
		}},
		{"one request per connection", func(s session) bool { return s.get(hostname).closed }},
		{"dated trees", status("/2021-03-23/meta-data/instance-id", 200)},
		{"doubled slash at the beginning", status("//latest/meta-data/instance-id", 200)},
		{"all that the listings name is there", func(s session) bool { return walks(s, "/latest/meta-data/") }},
		{"404 for `user-data` that nobody gave", status("/latest/user-data", 404)},
		{"the role's credentials are valid at the time", func(s session) bool {
			var document struct{ Expiration time.Time }
			name, _, _ := strings.Cut(s.get(role).body, "\n")
			err := json.Unmarshal([]byte(s.get(role+name).body), &document)
			return err == nil && document.Expiration.After(time.Now())
		}},
		{"the account of the profile's ARN is that of the identity document", func(s session) bool {
			var info struct{ InstanceProfileARN string }
			var identity struct{ AccountID string }
			_ = json.Unmarshal([]byte(s.get("/latest/meta-data/iam/info").body), &info)
			_ = json.Unmarshal([]byte(s.get("/latest/dynamic/instance-identity/document").body), &identity)
			return identity.AccountID != "" && strings.HasPrefix(info.InstanceProfileARN, fmt.Sprintf("arn:aws:iam::%s:", identity.AccountID))
		}},
	}
}

// walks tells whether all that is named from a directory down is there.
func walks(s session, directory string) bool {
	listing := s.get(directory)
	if listing.status != http.StatusOK || listing.body == "" {
		return false
	}
	for name := range strings.SplitSeq(listing.body, "\n") {
		path := directory + name
		if strings.HasSuffix(name, "/") && !walks(s, path) || s.get(path).status != http.StatusOK {
			return false
		}
	}
	return true
}
