package page

import (
	"strconv"

	g "maragu.dev/gomponents"

	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/probes"
)

// The four kinds of node. Inlined, gomponents' functions would be in the binary
// once for each call, which is 0.4 MB for the page.

//go:noinline
func el(name string, children ...g.Node) g.Node { return g.El(name, children...) }

//go:noinline
func attr(name string, value ...string) g.Node { return g.Attr(name, value...) }

//go:noinline
func text(s string) g.Node { return g.Text(s) }

//go:noinline
func raw(m markup) g.Node { return g.Raw(string(m)) }

// markup is a constant of ours, not a text: no string is one by accident.
type markup string

func class(names string) g.Node { return attr("class", names) }

// classes adds a class if it applies.
func classes(always string, applies bool, more string) string {
	if applies {
		return always + " " + more
	}
	return always
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// arrow is a sign that is not read out.
func arrow(sign string) g.Node { return el("span", attr("aria-hidden", "true"), text(sign)) }

// node is a moment, which the page's script keeps true.
func (t pageTime) node() g.Node {
	return el("time", attr("datetime", t.ISO), attr("data-at", number(t.At)), attr("data-form", t.Form), text(t.Rel))
}

func factNode(f report.Fact) g.Node { return term(text(f.Name), text(f.Value)) }

// term is a row of a list of facts.
func term(name, value g.Node) g.Node { return el("div", el("dt", name), el("dd", value)) }

const (
	signOpen  = `<svg class="sign" viewBox="0 0 48 48" aria-hidden="true" focusable="false">`
	rungOpen  = `<svg class="rung" viewBox="0 0 48 24" aria-hidden="true" focusable="false"><path class="bar" d="M2 12h44"/>`
	signClose = `</svg>`
)

// sign is the verdict's: its shape tells the severity without its colour.
func sign(s probes.Severity) g.Node {
	switch s {
	case probes.SeverityOK:
		return raw(signOpen + `<circle class="disc" cx="24" cy="24" r="22"/><path class="glyph" d="M14 25l7 7 13-15"/>` + signClose)
	case probes.SeverityWarning:
		return raw(signOpen + `<path class="disc" d="M24 4l21 38H3z"/><path class="glyph" d="M24 18v11m0 5.5v.5"/>` + signClose)
	case probes.SeverityCritical:
		return raw(signOpen + `<path class="disc" d="M15 2h18l13 13v18L33 46H15L2 33V15z"/><path class="glyph" d="M16 16l16 16m0-16L16 32"/>` + signClose)
	case probes.SeverityUnknown:
	}
	return raw(signOpen + `<circle class="disc" cx="24" cy="24" r="22"/><path class="glyph" d="M18 19a6 6 0 1 1 8 6c-2 1-2 2-2 4m0 5v.5"/>` + signClose)
}

// rung is the sign of a step of the ladder.
func rung(s probes.Status) g.Node {
	switch s {
	case probes.StatusPass:
		return raw(rungOpen + `<circle class="disc" cx="24" cy="12" r="10"/><path class="glyph" d="M19.5 12.5l3 3 6-7"/>` + signClose)
	case probes.StatusFail:
		return raw(rungOpen + `<path class="disc" d="M20 2h8l6 6v8l-6 6h-8l-6-6V8z"/><path class="glyph" d="M20.5 8.5l7 7m0-7l-7 7"/>` + signClose)
	case probes.StatusSkip, probes.StatusUnknown:
	}
	return raw(rungOpen + `<circle class="disc" cx="24" cy="12" r="9"/><path class="glyph" d="M20.5 12h7"/>` + signClose)
}

// section is the life of the keys, as a bar and in words.
func (l *pageLife) section() g.Node {
	return el("section", class(l.class()), attr("aria-label", "Life of the keys"),
		el("h3", text("Life of the keys")),
		el("p", class("left"), text(l.expire()+" "), el("strong", l.Expires.node())),
		g.Iff(l.Drawn, l.bar),
		el("dl", class("stages"),
			l.Issued.stage("", "Issued"),
			l.Renewal.stage("middle", "Renewal due by"),
			l.Expires.stage("end", l.expire()),
		),
	)
}

func (l *pageLife) class() string {
	switch {
	case l.Expired:
		return "life expired"
	case l.Overdue:
		return "life overdue"
	}
	return "life"
}

func (l *pageLife) expire() string {
	if l.Expired {
		return "Expired"
	}
	return "Expire"
}

// bar is the keys' life: how much of it has passed, and from where on renewal is
// late.
func (l *pageLife) bar() g.Node {
	stalls := l.Stall != ""
	return el("svg", class("bar"), attr("width", "100%"), attr("height", "20"), attr("role", "img"), attr("aria-label", l.Label),
		rect("whole", "0", "100%"),
		g.If(stalls, rect("late", l.Stall, l.StallLeft)),
		rect("age", "0", l.Age),
		g.If(stalls, el("line", class("stall"),
			attr("x1", l.Stall), attr("x2", l.Stall), attr("y1", "0"), attr("y2", "20"))),
	)
}

func rect(kind, x, width string) g.Node {
	return el("rect", class(kind), attr("x", x), attr("y", "4"),
		attr("width", width), attr("height", "12"), attr("rx", "6"))
}

// stage is a moment below the bar; nothing if it is not known.
func (t *pageTime) stage(kind, name string) g.Node {
	if t == nil {
		return nil
	}
	return el("div", g.If(kind != "", class(kind)),
		el("dt", text(name)), el("dd", text(t.Clock), el("br"), t.node()))
}
