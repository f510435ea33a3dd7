package doctor

import (
	"fmt"
	"io"
	"strings"

	"github.com/imds-probe/imds-probe/probes"
)

const (
	// shownInstances and shownProfiles are what a person reads; JSON has all.
	shownInstances = 8
	shownProfiles  = 20
)

// WriteText writes the audit for people: a line for each problem with its
// instances, and what to do; then the profiles. Where nothing could be asked, there
// is one line.
func (r AuditReport) WriteText(w io.Writer, colour bool) error {
	t := textWriter{palette: palette(colour)}
	if r.Account == "" {
		t.line("iam-doctor: %s: %s", t.severity(r.Severity, string(r.Condition)), r.Summary)
	} else {
		t.audit(r)
	}
	_, err := w.Write(t.Bytes())
	return err
}

func (t *textWriter) audit(r AuditReport) {
	severity := strings.ToUpper(r.Severity.String())
	t.line("%s %s", t.severity(r.Severity, severity), t.bold(fmt.Sprintf("account %s: %s on %s in %s",
		r.Account, count(len(r.Problems), "problem"), count(r.Counts.Instances, "instance"), regionWords(r.Regions))))
	t.line("")
	for _, p := range r.Problems {
		t.overview(p)
	}
	for _, p := range r.Problems {
		t.problem(p, len(r.Regions) > 1)
	}
	t.profiles(r.Profiles)
	t.line("")
	t.line("%d of %s without a problem", r.Counts.Clean, count(r.Counts.Instances, "instance"))
	if r.Counts.NotRunning > 0 {
		t.line("%s not running", count(r.Counts.NotRunning, "instance"))
	}
	if r.Counts.AgentsAsked > 0 {
		t.line("%d of %s answered", r.Counts.AgentsAnswered, count(r.Counts.AgentsAsked, "agent"))
	}
}

func regionWords(regions []string) string {
	if len(regions) == 1 {
		return regions[0]
	}
	return count(len(regions), "region")
}

// overview is the one line of a problem: as many of its instances as fit.
func (t *textWriter) overview(p Problem) {
	plain := fmt.Sprintf("  %-8s  %s", strings.ToUpper(p.Severity.String()), p.about())
	for i, ref := range p.Instances {
		if len(plain)+len(" "+ref.ID+more(len(p.Instances)-i-1)) > textWidth {
			if i > 0 {
				plain += more(len(p.Instances) - i)
			}
			break
		}
		plain += " " + ref.ID
	}
	t.line("%s", plain)
}

// more says how many are not shown.
func more(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

// about names the problem, and what it is a problem of.
func (p Problem) about() string {
	about := string(p.Condition)
	if p.Profile != "" {
		about += " (profile " + p.Profile + ")"
	}
	if len(p.Instances) > 0 {
		about += ": " + count(len(p.Instances), "instance")
	}
	return about
}

// problem is what a problem means and how to fix it.
func (t *textWriter) problem(p Problem, regions bool) {
	t.line("\n%s %s", t.severity(p.Severity, strings.ToUpper(p.Severity.String())), p.about())
	t.paragraph("  ", p.Summary)
	if len(p.Instances) > 0 {
		t.paragraph("  ", t.dim(instanceWords(p.Instances, regions)))
	}
	for i, s := range p.Remedy {
		t.paragraph(fmt.Sprintf("  %d. ", i+1), s.Text+".")
		if s.Command != "" {
			t.line("       %s", wrapCommand(s.Command, 9))
		}
	}
	for _, policy := range p.Policies {
		t.line("  %s\n%s", t.bold(policy.File), indentPolicy(policy.Document))
	}
	t.line("  More: %s", p.Doc)
}

// instanceWords lists the first instances, with their regions if there are several.
func instanceWords(all []InstanceRef, regions bool) string {
	var b strings.Builder
	for i, ref := range all {
		if i == shownInstances {
			b.WriteString(more(len(all)-i) + " (--output=json)")
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(ref.ID)
		if regions && ref.Region != "" {
			b.WriteString(" (" + ref.Region + ")")
		}
	}
	return b.String()
}

func (t *textWriter) profiles(all []ProfileSummary) {
	if len(all) == 0 {
		return
	}
	t.heading("Instance profiles")
	for i, p := range all {
		if i == shownProfiles {
			t.line("  and %d more (--output=json)", len(all)-i)
			break
		}
		state := t.severity(probes.SeverityOK, "ok")
		if p.WithProblems > 0 {
			state = fmt.Sprintf("%d with problems, %s", p.WithProblems, t.severity(severityOf(p.Condition), string(p.Condition)))
		}
		t.line("  %-40s %s, %s", p.Profile, count(p.Instances, "instance"), state)
	}
}
