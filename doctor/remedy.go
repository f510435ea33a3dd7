package doctor

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/imds-probe/imds-probe/probes"
)

// remedyFor puts the remedies of all findings together, so that one pass through
// them is enough: what is given to one principal is one policy, a step that
// several need is taken once, at its last place, and a profile gets its role
// before it is attached. The caller gets what is given to nobody by name.
func remedyFor(found []finding, n names, caller string) ([]Remedy, []PolicyFile) {
	p := plan{names: n, caller: caller, remedy: []Remedy{}, policies: []PolicyFile{}}
	p.collect(found)
	for _, f := range inOrder(found) {
		p.add(f)
	}
	if p.wait {
		p.step(Remedy{Text: waitForRefresh().Text})
	}
	return p.remedy, p.policies
}

// inOrder returns the findings in the order in which they are to be fixed: as they
// were found, but the role before the association, for EC2 associates no empty
// profile. Where the verdict is known, what else could not be looked at for some
// failure of the API is none of the remedy's.
func inOrder(found []finding) []finding {
	all := slices.Clone(found)
	for i := 1; i < len(all); i++ {
		if all[i].step == stepHasRole {
			role := all[i]
			all = slices.Insert(slices.Delete(all, i, i+1), 0, role)
		}
	}
	return slices.DeleteFunc(all, func(f finding) bool {
		return f.condition != found[0].condition && f.severity() == probes.SeverityUnknown && f.condition != ConditionLacking
	})
}

// plan is a remedy in the making.
type plan struct {
	names    names
	caller   string
	grants   []grant
	remedy   []Remedy
	policies []PolicyFile
	// wait means that the remedy ends with a refresh.
	wait bool
}

// collect gathers what is given to each principal.
func (p *plan) collect(found []finding) {
	for _, f := range found {
		for _, g := range f.grants {
			to := cmp.Or(g.to, p.caller)
			i := slices.IndexFunc(p.grants, func(have grant) bool { return have.to == to })
			if i < 0 {
				p.grants = append(p.grants, grant{to: to})
				i = len(p.grants) - 1
			}
			p.grants[i].statements = merge(p.grants[i].statements, g.statements)
		}
	}
}

// merge adds the statements that are not there yet.
func merge(all, more []policyStatement) []policyStatement {
	for _, s := range more {
		if !slices.ContainsFunc(all, func(have policyStatement) bool { return reflect.DeepEqual(have, s) }) {
			all = append(all, s)
		}
	}
	return all
}

// add appends the remedy of a finding.
func (p *plan) add(f finding) {
	steps := f.remedy
	if steps == nil && len(f.grants) == 0 {
		steps = f.entry().Remedy
	}
	if f.trust != nil {
		p.policies = append(p.policies, PolicyFile{"trust.json", f.trust})
	}
	for i, s := range steps {
		if s == waitForRefresh() && i == len(steps)-1 {
			p.wait = true
			continue
		}
		p.step(Remedy{printable(s.Text), p.names.fill(printable(s.Command))})
	}
	for _, g := range f.grants {
		p.give(cmp.Or(g.to, p.caller))
	}
}

// give appends the steps that give a principal all it lacks, once.
func (p *plan) give(to string) {
	i := slices.IndexFunc(p.grants, func(g grant) bool { return g.to == to })
	g := p.grants[i]
	if g.statements == nil {
		return
	}
	p.grants[i].statements = nil
	file := "policy.json"
	if slices.ContainsFunc(p.policies, func(f PolicyFile) bool { return f.File == file }) {
		file = "caller-policy.json"
	}
	p.policies = append(p.policies, PolicyFile{file, compactJSON(policyDocument{policyVersion, g.statements})})
	for _, s := range g.steps(file) {
		p.step(Remedy{printable(s.Text), printable(s.Command)})
	}
}

// step appends a step; the same one before it goes.
func (p *plan) step(s Remedy) {
	p.remedy = append(slices.DeleteFunc(p.remedy, func(have Remedy) bool { return have == s }), s)
}
