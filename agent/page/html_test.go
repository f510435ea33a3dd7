package page_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/imds-probe/imds-probe/agent/internal/agenttest"
	"github.com/imds-probe/imds-probe/agent/page"
	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// TestPageGolden compares whole pages, as a browser takes them.
func TestPageGolden(t *testing.T) {
	for _, name := range []string{"healthy", "no_role", "rotation_stalled"} {
		synctest.Test(t, func(t *testing.T) {
			defer agenttest.Settle()
			page := agenttest.Get(t, agenttest.Serving(t, imdstest.MustFind(name), nil), "/").Body.String()
			agenttest.Golden(t, "testdata/"+name+".txt", outline(t, page))
		})
	}
}

// TestPageGoldenOfVantages compares the page of several vantages.
func TestPageGoldenOfVantages(t *testing.T) {
	s, other := statusOf(t, "credentials_expired"), statusOf(t, "firewall_reject")
	other.Vantages[0].Name = "user:app"
	s.Vantages = append(s.Vantages, other.Vantages...)
	s.Agent.Banner = "two vantages"
	agenttest.Golden(t, "testdata/vantages.txt", outline(t, pageOf(t, s)))
}

// statusOf is the status after two minutes of a scenario.
func statusOf(t *testing.T, scenario string) (s report.Status) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		defer agenttest.Settle()
		s = decode(t, agenttest.Serving(t, imdstest.MustFind(scenario), nil))
	})
	return s
}

func decode(t *testing.T, h http.Handler) (s report.Status) {
	t.Helper()
	if err := json.Unmarshal(agenttest.Get(t, h, "/api/v1/status").Body.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func pageOf(t *testing.T, s report.Status) string {
	t.Helper()
	var out strings.Builder
	if err := page.WritePage(&out, s, s.CheckedAt.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func parsed(t *testing.T, page string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

var (
	// inline are the elements beside which space counts.
	inline = regexp.MustCompile(`^(a|button|code|h3|span|strong|time)$`)
	spaces = regexp.MustCompile(`\s+`)
)

// outline is a page as people can compare it: an element a line, unless it stands
// in a text. Space that browsers do not show is left out, and so are style and
// script, which the policy's hashes are of.
func outline(t *testing.T, page string) string {
	t.Helper()
	var out strings.Builder
	var write func(n *html.Node, indent string)
	write = func(n *html.Node, indent string) {
		switch {
		case n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "script":
			out.WriteString(html.EscapeString(shownText(n)))
		case n.Type == html.ElementNode && inline.MatchString(n.Data):
			out.WriteString(tag(n))
			defer out.WriteString("</" + n.Data + ">")
		case n.Type == html.ElementNode:
			out.WriteString("\n" + indent + tag(n))
			indent += " "
		}
		for c := range n.ChildNodes() {
			write(c, indent)
		}
	}
	write(parsed(t, page), "")
	return strings.TrimPrefix(out.String(), "\n") + "\n"
}

// shownText is a text without the space that is not shown.
func shownText(n *html.Node) string {
	text := spaces.ReplaceAllString(n.Data, " ")
	ends := func(beside *html.Node) bool {
		if beside == nil {
			beside = n.Parent
		}
		return beside.Type == html.ElementNode && !inline.MatchString(beside.Data)
	}
	if ends(n.PrevSibling) {
		text = strings.TrimLeft(text, " ")
	}
	if ends(n.NextSibling) {
		text = strings.TrimRight(text, " ")
	}
	return text
}

func tag(n *html.Node) string {
	text := "<" + n.Data
	for _, a := range n.Attr {
		text += " " + a.Key
		if a.Val != "" {
			text += `="` + html.EscapeString(a.Val) + `"`
		}
	}
	return text + ">"
}

// FuzzPage wants any text, in every place of a status that has one, to stay text:
// the page has the elements and attributes that it has for a harmless one.
func FuzzPage(f *testing.F) {
	for _, text := range hostileTexts {
		f.Add(text)
	}
	var once sync.Once
	var (
		base report.Status
		want []string
	)
	f.Fuzz(func(t *testing.T, text string) {
		once.Do(func() {
			base = richStatus(t)
			want = skeleton(parsed(t, pageOf(t, filled(t, base, "harmless"))))
		})
		page := parsed(t, pageOf(t, filled(t, base, text)))
		if diff := cmp.Diff(want, skeleton(page)); diff != "" {
			t.Errorf("-harmless +hostile:\n%s", diff)
		}
		text = tamed("x" + text)
		for _, place := range []string{"title", "h1"} {
			if got := textIn(page, place); !strings.Contains(got, text) {
				t.Errorf("%s: %q lacks %q", place, got, text)
			}
		}
	})
}

// richStatus is a status in which as much as possible is said.
func richStatus(t *testing.T) report.Status {
	t.Helper()
	s := statusOf(t, "credentials_error")
	s.Vantages = append(s.Vantages, statusOf(t, "wrong_role").Vantages...)
	return s
}

// filled is a copy of a status with a text in the place of each; none of them is
// empty, which would leave elements out.
func filled(t *testing.T, s report.Status, text string) report.Status {
	t.Helper()
	encoded, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var filled report.Status
	if err := json.Unmarshal(encoded, &filled); err != nil {
		t.Fatal(err)
	}
	fill(reflect.ValueOf(&filled).Elem(), "x"+text)
	filled.Agent.TelemetryPath = text // could name a scheme
	return filled
}

func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), text)
		}
	case reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), text)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for _, field := range v.Fields() {
			fill(field, text)
		}
	default:
	}
}

// skeleton lists the elements of a page and their attributes, with the values that
// no text may reach. How many spans there are depends on the text of a command.
func skeleton(page *html.Node) (all []string) {
	for n := range page.Descendants() {
		if n.Type == html.TextNode {
			continue
		}
		line := n.Data
		for _, a := range n.Attr {
			line += " " + a.Key
			switch a.Key {
			case "id", "class", "style", "src":
				line += "=" + a.Val
			case "href":
				line += "=" + scheme(a.Val)
			}
		}
		all = append(all, line)
	}
	return slices.Compact(all)
}

var (
	schemeIgnored = regexp.MustCompile(`^[\x00- ]+|[\t\r\n]`)
	schemeName    = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)
)

// scheme is that of a link, as browsers find it.
func scheme(link string) string {
	return schemeName.FindString(schemeIgnored.ReplaceAllString(link, ""))
}

func textIn(page *html.Node, element string) (text string) {
	for n := range page.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data == element {
			text += n.Data
		}
	}
	return text
}

// tamed is a text as HTML can have it.
func tamed(text string) string {
	return strings.NewReplacer("\x00", "\uFFFD", "\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(text, "\uFFFD"))
}
