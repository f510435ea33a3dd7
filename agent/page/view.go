package page

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// pageView is the status as the page shows it: what is said of it is chosen here.
type pageView struct {
	report.Status
	WindowTitle string
	// MetricsLink is where the metrics are, as a link.
	MetricsLink string
	// Verdict is the severity as a word of the page.
	Verdict string
	Now     int64
	Since   pageTime
	Checked pageTime
	Next    *pageTime
	Started pageTime
	Cards   []pageVantage
	// Aside is the card whose keys stand beside the ladder, where otherwise the
	// advice stands; nil for none.
	Aside    *pageVantage
	Advice   []pageAdvice
	Timeline []pageTransition
	Expected []report.Fact
	Running  []report.Fact
}

// pageTime is a moment, and how far it is from now; the page's script keeps the
// latter true. Form says how it is told: "away" (in 5 s, 5 s ago), "due" (in 5 s,
// now) or "span" (5 s).
type pageTime struct {
	ISO, Clock, Rel, Form string
	At                    int64
}

type pageVantage struct {
	report.Vantage
	ID      string
	Verdict string
	// From says, before the name of the vantage, that it is one.
	From    string
	Several bool
	Since   pageTime
	Steps   []pageStep
	Facts   []report.Fact
	Life    *pageLife
	// KeysAside tells that Facts and Life are shown beside the card, not in it.
	KeysAside bool
}

type pageStep struct {
	Probe     probes.Probe
	Question  string
	Status    probes.Status
	Said      string
	Mark      string // beside the root
	Exchanges []pageExchange
}

type pageExchange struct {
	Asked, Answered, Phases string
}

// pageLife is the life of the keys as a bar; Age and Stall are per cent of it.
type pageLife struct {
	Drawn           bool
	Label           string
	Age, Stall      string
	StallLeft       string
	Issued, Renewal *pageTime
	Expires         pageTime
	Overdue         bool
	Expired         bool
}

type pageAdvice struct {
	report.Advice
	Label   string
	Several bool
	Where   string
	Steps   []pageRemedy
}

// pageRemedy is a step of a remedy; Parts are where its command may be broken.
type pageRemedy struct {
	Text  string
	Parts []string
}

type pageTransition struct {
	At       pageTime
	Vantage  string
	From, To probes.Condition
	Severity probes.Severity
	Details  string // after the time
	Several  bool
}

func newPageView(s report.Status, now time.Time) pageView {
	several := len(s.Vantages) > 1
	v := pageView{
		Status:   s,
		Verdict:  verdictWord(s.Severity),
		Now:      now.UnixMilli(),
		Since:    spanned(s.Since, now),
		Checked:  moment(s.CheckedAt, now),
		Started:  spanned(s.Agent.StartedAt, now),
		Next:     nextRound(s, now),
		Expected: expected(s),
		Running:  running(s),
	}
	v.WindowTitle = v.Verdict + ": " + s.Title + " – " + s.Agent.Host + " – imds-probe"
	v.MetricsLink = pathLink(s.Agent.TelemetryPath)
	for i, one := range s.Vantages {
		card := newPageVantage(one, now, several)
		card.ID = "vantage-" + strconv.Itoa(i)
		v.Cards = append(v.Cards, card)
	}
	all := s.Advices()
	for _, a := range all {
		v.Advice = append(v.Advice, newPageAdvice(a, len(all) > 1))
	}
	if len(all) == 0 && !several {
		v.Cards[0].KeysAside = true
		v.Aside = &v.Cards[0]
	}
	for _, t := range slices.Backward(s.Transitions) {
		v.Timeline = append(v.Timeline, newPageTransition(t, now, several))
	}
	return v
}

// pathLink is the path of a flag as a link. Whatever else it may be, it is none to
// another scheme, such as javascript.
func pathLink(path string) string {
	link, err := url.Parse(path)
	if err != nil || link.Scheme != "" {
		return "#"
	}
	return link.String()
}

func newPageAdvice(a report.Advice, several bool) pageAdvice {
	p := pageAdvice{Advice: a, Label: "What to do", Several: several, Where: strings.Join(a.Vantages, ", ")}
	if several {
		p.Label += " about " + a.Condition.String()
	}
	for _, s := range a.Steps {
		remedy := pageRemedy{Text: s.Text}
		if s.Command != "" {
			remedy.Parts = probes.CommandParts(s.Command)
		}
		p.Steps = append(p.Steps, remedy)
	}
	return p
}

func verdictWord(s probes.Severity) string {
	switch s {
	case probes.SeverityOK:
		return "OK"
	case probes.SeverityWarning:
		return "Warning"
	case probes.SeverityCritical:
		return "Critical"
	case probes.SeverityUnknown:
	}
	return "Unknown"
}

func moment(t, now time.Time) pageTime {
	t = t.UTC()
	return pageTime{
		ISO: t.Format(time.RFC3339), Clock: t.Format("2006-01-02 15:04:05"), At: t.UnixMilli(),
		Rel: report.Away(t.Sub(now)), Form: "away",
	}
}

func spanned(t, now time.Time) pageTime {
	m := moment(t, now)
	m.Rel, m.Form = report.Span(now.Sub(t)), "span"
	return m
}

// nextRound is the first of the vantages' next rounds.
func nextRound(s report.Status, now time.Time) *pageTime {
	var first *time.Time
	for _, v := range s.Vantages {
		if v.NextRoundAt != nil && (first == nil || v.NextRoundAt.Before(*first)) {
			first = v.NextRoundAt
		}
	}
	if first == nil {
		return nil
	}
	m := moment(*first, now)
	m.Form = "due"
	if first.Before(now) {
		m.Rel = "now"
	}
	return &m
}

func newPageVantage(v report.Vantage, now time.Time, several bool) pageVantage {
	card := pageVantage{
		Vantage: v, Verdict: verdictWord(v.Severity), From: "The ladder, from ", Several: several,
		Since: spanned(v.Since, now), Facts: v.Facts(), Life: newPageLife(v.Credentials, now),
	}
	if several {
		card.From = "From "
	}
	for _, p := range v.Probes {
		step := pageStep{Probe: p.Probe, Question: p.Probe.Question(), Status: p.Status, Said: said(v, p)}
		if v.IsRoot(p) {
			step.Mark = p.RootMark()
		}
		for _, e := range p.Exchanges {
			step.Exchanges = append(step.Exchanges, pageExchange{e.Asked(), e.Answered(), e.Phases()})
		}
		card.Steps = append(card.Steps, step)
	}
	return card
}

// said is the reason of a step where it says more than that it passed.
func said(v report.Vantage, p report.Probe) string {
	switch {
	case len(p.Exchanges) == 0:
		return v.Skipped()
	case p.Reason == probes.ReasonOK:
		return ""
	}
	return report.Spaced(p.Reason.String())
}

// newPageLife draws the keys' life by the host's clock, as all of the page is.
func newPageLife(c *report.Credentials, now time.Time) *pageLife {
	if c == nil {
		return nil
	}
	// The documents' times are IMDS's; the seconds left were counted by its clock.
	skew := now.Add(time.Duration(c.SecondsLeft) * time.Second).Sub(c.Expiration).Round(time.Second)
	life := &pageLife{Expires: moment(c.Expiration.Add(skew), now), Expired: c.SecondsLeft <= 0}
	life.Expires.Clock = c.Expiration.Format("2006-01-02 15:04:05")
	if c.LastUpdated != nil {
		issued := moment(c.LastUpdated.Add(skew), now)
		life.Issued = &issued
	}
	if c.StallsAt != nil {
		renewal := moment(c.StallsAt.Add(skew), now)
		life.Renewal, life.Overdue = &renewal, c.StallsAt.Add(skew).Before(now)
	}
	if c.LastUpdated != nil && c.LifeLeft != nil {
		life.draw(c)
	}
	return life
}

func (l *pageLife) draw(c *report.Credentials) {
	l.Drawn = true
	age := 100 * (1 - *c.LifeLeft)
	l.Age = percent(age)
	l.Label = fmt.Sprintf("%.0f %% of the keys' life has passed.", math.Floor(age))
	if c.StallsAt == nil {
		return
	}
	stall := 100 * c.StallsAt.Sub(*c.LastUpdated).Seconds() / c.Expiration.Sub(*c.LastUpdated).Seconds()
	l.Stall, l.StallLeft = percent(stall), percent(100-stall)
	l.Label += fmt.Sprintf(" They should be renewed before %.0f %%.", stall)
}

func percent(p float64) string { return strconv.FormatFloat(p, 'f', 1, 64) + "%" }

func newPageTransition(t track.Transition, now time.Time, several bool) pageTransition {
	p := pageTransition{
		At: moment(t.At, now), Vantage: t.Vantage, From: t.From, To: t.To, Severity: t.To.Severity(), Several: several,
	}
	if t.Reason != probes.ReasonOK {
		p.Details += " · " + report.Spaced(t.Reason.String())
	}
	if t.HeldSeconds >= 1 {
		p.Details += " · after " + report.Span(seconds64(t.HeldSeconds)) + " of " + t.From.String()
	}
	return p
}

func seconds64(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func fact(name, value string) report.Fact { return report.Fact{Name: name, Value: value} }

// expected lists the expectations in force, each with the flag that set it.
func expected(s report.Status) []report.Fact {
	e := s.Expect
	facts := []report.Fact{fact("--expect.profile", e.Profile.String())}
	add := func(flag, value string) {
		if value != "" {
			facts = append(facts, fact(flag, value))
		}
	}
	add("--expect.profile-arn", e.ProfileARN)
	add("--expect.role", e.Role)
	add("--imds.allow-server", e.AllowServer)
	facts = append(facts, fact("--credentials.stall-ratio", limit(e.StallRatio, strconv.FormatFloat(e.StallRatio, 'g', 3, 64))))
	return append(facts, fact("--clock.max-skew", limit(e.MaxSkew, strings.TrimSuffix(report.Span(seconds64(e.MaxSkew)), " 00 s"))))
}

func limit(value float64, text string) string {
	if value == 0 {
		return "no limit"
	}
	return text
}

// clockWord tells how far the host clock is from IMDS's, whose Date has whole
// seconds.
func clockWord(offset float64) string {
	switch {
	case offset >= 1:
		return report.Span(seconds64(offset)) + " ahead of IMDS's"
	case offset <= -1:
		return report.Span(seconds64(-offset)) + " behind IMDS's"
	}
	return "in step with IMDS's"
}

// running lists where and how often the daemon looks, and what else it measures.
func running(s report.Status) []report.Fact {
	return append([]report.Fact{
		fact("endpoint", s.Agent.Endpoint),
		fact("a round every", fmt.Sprintf("%v s", s.Agent.IntervalSeconds)),
	}, measured(s)...)
}

// measured lists what the daemon measures beside the ladder.
func measured(s report.Status) (facts []report.Fact) {
	if offset := s.Vantages[0].ClockOffsetSeconds; offset != nil {
		facts = append(facts, fact("host clock", clockWord(*offset)))
	}
	if hops := s.TokenHopLimitMin; hops != nil {
		facts = append(facts, fact("token hop limit", fmt.Sprintf("at least %d", *hops)))
	}
	if s.V1Enabled != nil {
		word := map[bool]string{true: "answered: IMDSv1 is enabled", false: "refused"}[*s.V1Enabled]
		facts = append(facts, fact("requests without a token", word))
	}
	return facts
}
