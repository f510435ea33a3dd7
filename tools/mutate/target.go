package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
)

// target is a package to mutate.
type target struct {
	pkg string
	// files are the names of those that count; none is all.
	files []string
	// with are packages whose tests are asked too.
	with []string
}

// readTargets reads the lines of a file, or those of the packages named. A package
// that has no line is a target of its own.
func readTargets(path string, names []string) (targets []target, err error) {
	file, err := os.Open(path) //nolint:gosec // ours
	if err != nil {
		return nil, err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		t := target{pkg: fields[0]}
		for _, f := range fields[1:] {
			if with, ok := strings.CutPrefix(f, "with="); ok {
				t.with = append(t.with, with)
			} else {
				t.files = append(t.files, f)
			}
		}
		targets = append(targets, t)
	}
	if len(names) == 0 {
		return targets, nil
	}
	var chosen []target
	for _, name := range names {
		name = "./" + strings.Trim(strings.TrimPrefix(name, "./"), "/")
		i := slices.IndexFunc(targets, func(t target) bool { return t.pkg == name })
		if i < 0 {
			chosen = append(chosen, target{pkg: name})
			continue
		}
		chosen = append(chosen, targets[i])
	}
	return chosen, nil
}

func (t target) String() string { return fmt.Sprintf("%s %v", t.pkg, t.files) }
