package page

import (
	"strconv"

	g "maragu.dev/gomponents"
)

// card tells what one vantage sees: its ladder and, if they do not stand aside,
// the keys.
func (v pageVantage) card() g.Node {
	title := v.ID + "-title"
	return el("article", attr("id", v.ID), attr("data-part"), class("panel vantage "+v.Severity.String()), attr("aria-labelledby", title),
		el("h2", attr("id", title), text(v.From), el("code", text(v.Name))),
		g.Iff(v.Several, v.badge),
		el("ol", class("ladder"), g.Map(v.Steps, pageStep.item)),
		g.Iff(!v.KeysAside, v.keys),
	)
}

// badge is the verdict of one vantage among several.
func (v pageVantage) badge() g.Node {
	return g.Group{
		el("p", class("badge "+v.Severity.String()),
			text(v.Verdict+": "), el("code", text(v.Condition.String())), text(" for "), v.Since.node()),
		el("p", class("meta"), text(v.Summary)),
	}
}

// item is a step of the ladder.
func (s pageStep) item() g.Node {
	root := s.Mark != ""
	return el("li", class(classes("step "+s.Status.String(), root, "root")),
		attr("data-probe", s.Probe.String()), attr("data-status", s.Status.String()), g.If(root, attr("data-root")),
		rung(s.Status),
		el("div", class("said"),
			el("div", class("heading"),
				el("h3", text(s.Question)), text(" "),
				el("p", el("code", text(s.Probe.String())), text(" "), el("span", class("word"), text(s.Status.String()))),
			),
			g.Iff(root || s.Said != "", s.outcome),
			g.Map(s.Exchanges, pageExchange.lines),
		),
	)
}

func (s pageStep) outcome() g.Node {
	return el("p", class("outcome"), text(s.Said), g.Iff(s.Mark != "", func() g.Node {
		return g.Group{text(" "), el("strong", class("mark"), arrow("← "), text(s.Mark))}
	}))
}

func (e pageExchange) lines() g.Node {
	return g.Group{
		el("p", class("exchange"),
			el("code", text(e.Asked)), text(" "),
			el("span", class("answer"), arrow("→ "), text(e.Answered))),
		el("p", class("phases"), text(e.Phases)),
	}
}

// keys tells of the keys' life, and of the profile and role that they are of.
func (v pageVantage) keys() g.Node {
	var all g.Group
	if v.Life != nil {
		all = append(all, v.Life.section())
	}
	if len(v.Facts) > 0 {
		all = append(all, el("dl", class("facts"), g.Map(v.Facts, factNode)))
	}
	return all
}

// panel tells what one condition means and what to do about it.
func (a pageAdvice) panel() g.Node {
	condition := a.Condition.String()
	return el("section", class("panel"), attr("id", "advice-"+condition), attr("aria-label", a.Label),
		g.Iff(a.Several, func() g.Node {
			return g.Group{
				el("p", class("badge "+a.Severity.String()), text(a.Title+" ("+a.Where+")")),
				el("p", text(a.Summary)),
			}
		}),
		el("h2", text("What it means")),
		el("p", text(a.Meaning)),
		g.Iff(len(a.Steps) > 0, a.remedy),
		el("p", class("doc"), el("a", attr("href", a.Doc), attr("rel", "noreferrer"), text("The section of AWS's documentation"))),
	)
}

func (a pageAdvice) remedy() g.Node {
	steps := make(g.Group, len(a.Steps))
	for i, s := range a.Steps {
		steps[i] = s.item(a.Condition.String() + "-" + strconv.Itoa(i))
	}
	return g.Group{el("h2", text("What to do")), el("ol", class("remedy"), steps)}
}

// item is a step of a remedy; its id tells its command from others.
func (r pageRemedy) item(id string) g.Node {
	return el("li", el("p", text(r.Text)), g.Iff(len(r.Parts) > 0, func() g.Node {
		return el("div", class("command"),
			el("pre", el("code", attr("id", "command-"+id), r.command())),
			el("button", attr("type", "button"), attr("id", "copy-"+id), attr("data-copy", "command-"+id),
				attr("aria-label", "Copy the command: "+r.Text), attr("hidden"), text("Copy")),
		)
	}))
}

func (r pageRemedy) command() g.Node {
	var parts g.Group
	for i, part := range r.Parts {
		if i > 0 {
			parts = append(parts, text(" "))
		}
		parts = append(parts, el("span", text(part)))
	}
	return parts
}

// item is a line of the timeline.
func (t pageTransition) item() g.Node {
	return el("li", class(t.Severity.String()),
		el("p",
			el("code", text(t.From.String())),
			text(" "), arrow("→"), el("span", class("unseen"), text(" to ")), text(" "),
			el("code", class("to"), text(t.To.String())),
			g.Iff(t.Several, func() g.Node {
				return g.Group{text(" "), el("span", class("where"), text(t.Vantage))}
			}),
		),
		el("p", class("meta"), text(t.At.Clock+", "), t.At.node(), text(t.Details)),
	)
}
