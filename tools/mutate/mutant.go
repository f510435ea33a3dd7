package main

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// mutant is one change of the code, behind the switch of its number.
type mutant struct {
	// key names it for as long as its function keeps its text: file, function, what
	// stands there and what is put there.
	key   string
	file  *source
	line  int
	edits []edit
	id    int
	tests []*test // that come by it
	dead  bool
}

// edit puts a text in the place of a part of a file, given by offsets. # stands
// for the number of the mutant.
type edit struct {
	side       side
	start, end int
	text       string
}

// side is where an edit belongs among those of one place: what ends there comes
// before what begins there.
type side int

const (
	closes side = iota
	replaces
	opens
)

// apply makes all edits of the mutants of one file. Their parts are nested or
// apart, and the outer ones come first: of those that begin at one place the first
// is opened first, of those that end there it is closed last.
func apply(text string, mutants []*mutant) string {
	type placed struct {
		edit
		order int
	}
	var all []placed
	for i, m := range mutants {
		for _, e := range m.edits {
			e.text = strings.ReplaceAll(e.text, "#", strconv.Itoa(m.id))
			order := i
			if e.side == closes {
				order = -i
			}
			all = append(all, placed{e, order})
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.side, b.side), cmp.Compare(a.order, b.order))
	})
	var b strings.Builder
	at := 0
	for _, e := range all {
		b.WriteString(text[at:e.start] + e.text)
		at = e.end
	}
	return b.String() + text[at:]
}
