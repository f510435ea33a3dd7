package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// survivors has the reason why no test needs to notice a mutant, by its key.
type survivors map[string]string

// unexplained stands for a reason that nobody has given yet.
const unexplained = "?"

// readSurvivors reads a file of keys and reasons, with a tab between.
func readSurvivors(path string) (survivors, error) {
	text, err := os.ReadFile(path) //nolint:gosec // ours
	if err != nil {
		return nil, err
	}
	known := survivors{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		key, reason, ok := strings.Cut(line, "\t")
		if !ok {
			return nil, fmt.Errorf("%s: no tab in %q", path, line)
		}
		known[key] = reason
	}
	return known, nil
}

// head begins the file.
const head = `// Mutants that no test notices, and why none needs to: see tools/mutate. A line is
// a mutant, a tab, a reason. make mutate WRITE=yes adds those that are
// new with the reason "?", and takes away those that died.
`

func (s survivors) write(path string) error {
	var b strings.Builder
	b.WriteString(head)
	for _, key := range slices.Sorted(maps.Keys(s)) {
		b.WriteString(key + "\t" + s[key] + "\n")
	}
	return os.WriteFile(path, []byte(b.String()), 0o644) //nolint:gosec // a file of the repository
}

// judge prints what became of a target's mutants, and tells whether enough died and
// each of the others has a reason. It keeps s up to date.
func (s survivors) judge(w io.Writer, t target, mutants []*mutant, least float64) bool {
	bare, left, present := 0, 0, map[string]bool{}
	var lines []string
	for _, m := range mutants {
		if m.dead {
			continue
		}
		left++
		present[m.key] = true
		if reason, ok := s[m.key]; ok && reason != unexplained {
			continue
		}
		bare++
		s[m.key] = unexplained
		word := "survived"
		if len(m.tests) == 0 {
			word = "no test comes by"
		}
		_, rest, _ := strings.Cut(m.key, " ")
		lines = append(lines, fmt.Sprintf("   %s:%d: %s: %s", m.file.name, m.line, word, rest))
	}
	for key := range s {
		if t.has(key, mutants) && !present[key] {
			lines = append(lines, "   has a reason and is no survivor: "+key)
			delete(s, key)
		}
	}
	ok := bare == 0 && rate(mutants) >= least
	word := "ok"
	if !ok {
		word = "FAIL"
	}
	slices.Sort(lines)
	for _, line := range lines {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintf(w, "%s %s: %d mutants, %d died (%.1f %%, at least %.0f), %d survived, %d of them without a reason\n",
		word, t.pkg, len(mutants), len(mutants)-left, rate(mutants), least, left, bare)
	return ok
}

// rate is how many of the mutants died, in per cent.
func rate(mutants []*mutant) float64 {
	dead := 0
	for _, m := range mutants {
		if m.dead {
			dead++
		}
	}
	return 100 * float64(dead) / float64(max(1, len(mutants)))
}

// has tells whether a key is of a file that was mutated.
func (t target) has(key string, mutants []*mutant) bool {
	name, _, _ := strings.Cut(key, " ")
	return slices.ContainsFunc(mutants, func(m *mutant) bool { return m.file.name == name })
}
