package page

import (
	g "maragu.dev/gomponents"

	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/probes"
)

// The page's HTML. What is not a constant goes through text and attr, which
// escape it.

const (
	headConstants = `<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<noscript><meta http-equiv="refresh" content="5"></noscript>
`
	// belowTop are the elements that the page's script fills.
	belowTop = `
<p id="gone" class="gone" role="alert" hidden></p>
<p id="announce" class="unseen" role="status"></p>
`
)

func (v pageView) document() g.Node {
	return g.Group{raw("<!DOCTYPE html>\n"), el("html", attr("lang", "en"),
		el("head",
			el("meta", attr("charset", "utf-8")),
			el("title", text(v.WindowTitle)),
			raw(headConstants),
			el("link", attr("rel", "icon"), attr("id", "icon"), attr("href", icon(v.Severity))),
			el("style", raw(markup(pageCSS))),
		),
		el("body",
			el("a", class("skip-link"), attr("href", "#advice"), text("Skip to what to do")),
			v.top(),
			raw(belowTop),
			el("main", attr("id", "main"), v.main()),
			v.footer(),
			el("script", raw(markup(pageJS))),
		),
	)}
}

// icon is the window's icon, a disc in the severity's colour.
func icon(s probes.Severity) string {
	const before, after = `data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='`, `'/%3E%3C/svg%3E`
	switch s {
	case probes.SeverityOK:
		return before + "%231b7a3a" + after
	case probes.SeverityWarning:
		return before + "%23b45309" + after
	case probes.SeverityCritical:
		return before + "%23b3261e" + after
	case probes.SeverityUnknown:
	}
	return before + "%2358616b" + after
}

func (v pageView) top() g.Node {
	return el("header", class("top"),
		el("p", class("brand"), el("strong", text("imds-probe")), text(" "), el("span", text("on "+v.Agent.Host))),
		el("p", class("live"), attr("id", "live"),
			el("span", class("dot")),
			el("span", attr("id", "live-text"), text("as of "+v.Checked.Clock+" UTC")),
		),
	)
}

func (v pageView) footer() g.Node {
	return el("footer", el("p",
		el("a", attr("href", report.Path), text("This page as JSON")),
		text(" · "), el("a", attr("href", v.MetricsLink), text("Metrics")),
		text(" · all times are UTC"),
	))
}

// main is the part that the page's script replaces, piece by piece: those with
// data-part.
func (v pageView) main() g.Node {
	return g.Group{
		v.state(),
		el("div", attr("id", "banner"), attr("data-part"),
			g.If(v.Agent.Banner != "", el("p", class("banner"), text(v.Agent.Banner)))),
		v.verdict(),
		el("div", class(classes("columns", len(v.Cards) > 1, "several")),
			el("div", class("cards"), g.Map(v.Cards, pageVantage.card)),
			el("div", attr("id", "advice"), attr("data-part"), class("advice"), attr("tabindex", "-1"), v.advice()),
		),
		el("div", class("panels"), v.timeline(), v.expectations(), v.daemon()),
	}
}

// state is what the page's script reads, and nobody sees.
func (v pageView) state() g.Node {
	return el("div", attr("id", "state"), attr("hidden"),
		attr("data-now", number(v.Now)),
		attr("data-title", v.WindowTitle),
		attr("data-say", v.Verdict+": "+v.Title+"."),
		attr("data-condition", v.Condition.String()),
		attr("data-severity", v.Severity.String()),
		attr("data-version", v.Agent.Version),
	)
}

func (v pageView) verdict() g.Node {
	return el("section", attr("id", "verdict"), attr("data-part"), class("verdict "+v.Severity.String()), attr("aria-labelledby", "title"),
		sign(v.Severity),
		el("div",
			el("p", class("kicker"),
				el("span", class("word"), text(v.Verdict)), text(" "),
				el("code", attr("id", "condition"), text(v.Condition.String())), text(" "),
				el("span", text("for "), v.Since.node(), text(", since "+v.Since.Clock)),
			),
			el("h1", attr("id", "title"), text(v.Title)),
			el("p", class("summary"), text(v.Summary)),
			el("p", class("meta"), text("Checked "), v.Checked.node(),
				g.Iff(v.Next != nil, func() g.Node { return g.Group{text(" · next round "), v.Next.node()} })),
		),
	)
}

// advice is what to do; beside it, if that is nothing, stand the keys.
func (v pageView) advice() g.Node {
	all := g.Map(v.Advice, pageAdvice.panel)
	if len(all) == 0 {
		all = g.Group{el("section", class("panel"), attr("aria-labelledby", "nothing"),
			el("h2", attr("id", "nothing"), text("What to do")),
			el("p", text("Nothing. EC2 renews the keys by itself, and this page tells if it stops.")),
		)}
	}
	if v.Aside != nil {
		all = append(all, el("section", class("panel keys"), attr("aria-label", "Keys"), v.Aside.keys()))
	}
	return all
}

func (v pageView) timeline() g.Node {
	list := el("p", class("meta"), text("None since the start."))
	if len(v.Timeline) > 0 {
		list = el("ol", class("timeline"), attr("reversed"), g.Map(v.Timeline, pageTransition.item))
	}
	return panel("timeline", "Last transitions", list)
}

func (v pageView) expectations() g.Node {
	return panel("expect", "Expectations in force", el("dl", class("facts"), g.Map(v.Expected, func(f report.Fact) g.Node {
		return term(el("code", text(f.Name)), text(f.Value))
	})))
}

func (v pageView) daemon() g.Node {
	return panel("agent", "Agent", el("dl", class("facts"),
		factNode(report.Fact{Name: "version", Value: v.Agent.Version}),
		term(text("running for"), v.Started.node()),
		g.Map(v.Running, factNode),
	))
}

// panel is one of the panels below the columns.
func panel(id, title string, children ...g.Node) g.Node {
	return el("section", attr("id", id), attr("data-part"), class("panel"), attr("aria-labelledby", id+"-title"),
		el("h2", attr("id", id+"-title"), text(title)), g.Group(children))
}
