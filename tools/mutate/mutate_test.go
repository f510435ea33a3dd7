package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMutate mutates a package whose tests are known, to the letter.
func TestMutate(t *testing.T) {
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	mutants, err := mutate(t.Context(), root, target{pkg: "./testdata/sample"}, 2)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range mutants {
		word := "lives"
		if m.dead {
			word = "dies"
		}
		got = append(got, word+": "+strings.TrimPrefix(m.key, "testdata/sample/sample.go "))
	}
	want := []string{
		"dies: clamp: n > 10 → true",
		"dies: clamp: n > 10 → false",
		"lives: clamp: n > 10 → n >= 10",
		"dies: clamp: return 10 → return *new(int)",
		"dies: clamp: return n → return *new(int)",
		"dies: sum: len(ns) == 0 → true",
		"dies: sum: len(ns) == 0 → false",
		"dies: sum: return 0, errEmpty → return 0, nil",
		"dies: sum: total += n → nothing",
		"dies: sum: even && n%2 != 0 → false",
		"dies: sum: even → true",
		"dies: sum: n%2 != 0 → true",
		"dies: sum: n%2 → n * 2",
		"dies: sum: return total, nil → return *new(int), nil",
		`lives: unheard: into["called"] = true → nothing`,
		"lives: unheard: return len(into) == 1 → return true",
		"lives: unheard: return len(into) == 1 → return false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestJudge wants a reason for each survivor, and enough dead.
func TestJudge(t *testing.T) {
	f := &source{name: "p/a.go"}
	mutants := []*mutant{{key: "p/a.go F: a", file: f, dead: true}, {key: "p/a.go F: b", file: f}}
	for _, tt := range []struct {
		name  string
		known survivors
		least float64
		want  bool
		after survivors
	}{
		{"new", survivors{}, 50, false, survivors{"p/a.go F: b": "?"}},
		{"unexplained", survivors{"p/a.go F: b": "?"}, 50, false, survivors{"p/a.go F: b": "?"}},
		{"explained", survivors{"p/a.go F: b": "why"}, 50, true, survivors{"p/a.go F: b": "why"}},
		{"too few", survivors{"p/a.go F: b": "why"}, 51, false, survivors{"p/a.go F: b": "why"}},
		{"stale", survivors{"p/a.go F: a": "why", "p/a.go F: b": "why", "q/b.go F: c": "why"}, 50, true, survivors{"p/a.go F: b": "why", "q/b.go F: c": "why"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.known.judge(t.Output(), target{pkg: "./p"}, mutants, tt.least); got != tt.want {
				t.Errorf("passes: %v, want %v", got, tt.want)
			}
			if diff := cmp.Diff(tt.after, tt.known); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
