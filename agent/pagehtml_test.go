package agent_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/html"

	"imds-probe/agent"
	"imds-probe/probes/imdstest"
)

// TestPageGolden compares whole pages, as a browser takes them.
func TestPageGolden(t *testing.T) {
	for _, name := range []string{"healthy", "no_role", "rotation_stalled"} {
		synctest.Test(t, func(t *testing.T) {
			defer settle()
			page := get(t, serving(t, imdstest.MustFind(name), nil), "/").Body.String()
			golden(t, "testdata/page/"+name+".txt", outline(t, page))
		})
	}
}

// TestPageGoldenOfVantages compares the page of several vantages.
func TestPageGoldenOfVantages(t *testing.T) {
	s, other := statusOf(t, "credentials_expired"), statusOf(t, "firewall_reject")
	other.Vantages[0].Vantage = "user:app"
	s.Vantages = append(s.Vantages, other.Vantages...)
	s.Agent.Banner = "two vantages"
	golden(t, "testdata/page/vantages.txt", outline(t, pageOf(t, s)))
}

// statusOf is the status after two minutes of a scenario.
func statusOf(t *testing.T, scenario string) (s agent.Status) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		defer settle()
		s = decode(t, serving(t, imdstest.MustFind(scenario), nil))
	})
	return s
}

func decode(t *testing.T, h http.Handler) (s agent.Status) {
	t.Helper()
	if err := json.Unmarshal(get(t, h, "/api/v1/status").Body.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func pageOf(t *testing.T, s agent.Status) string {
	t.Helper()
	var out strings.Builder
	if err := agent.WritePage(&out, s, s.CheckedAt.Add(time.Second)); err != nil {
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
