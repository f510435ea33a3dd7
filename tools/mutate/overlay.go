package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// overlay is where the code with its mutants lies, beside the tree.
type overlay struct {
	root, dir, pkg string
	files          []*source
}

// switches is added to the package: what turns a mutant on.
//
//go:embed switches.txt
var switches string

// lay writes the files with these mutants, and returns the path of the list that
// the go command takes.
func (o overlay) lay(mutants []*mutant) (string, error) {
	replace := map[string]string{}
	for _, f := range o.files {
		var own []*mutant
		for _, m := range mutants {
			if m.file == f {
				own = append(own, m)
			}
		}
		if err := o.put(replace, f.path, apply(f.text, own)); err != nil {
			return "", err
		}
	}
	first := o.files[0]
	added := filepath.Join(filepath.Dir(first.path), "mutate_switches.go")
	if err := o.put(replace, added, strings.Replace(switches, "PACKAGE", first.syntax.Name.Name, 1)); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(o.dir, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}

func (o overlay) put(replace map[string]string, path, text string) error {
	replace[path] = filepath.Join(o.dir, filepath.Base(path))
	return os.WriteFile(replace[path], []byte(text), 0o600)
}

// viable returns those of the mutants that compile, halving until the others are
// found.
func (o overlay) viable(ctx context.Context, mutants []*mutant) ([]*mutant, error) {
	path, err := o.lay(mutants)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", path, o.pkg) //nolint:gosec // a package of the repository
	cmd.Dir = o.root
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return mutants, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case len(mutants) == 0:
		return nil, &exec.Error{Name: string(out), Err: err}
	case len(mutants) == 1:
		return nil, nil
	}
	left, err := o.viable(ctx, mutants[:len(mutants)/2])
	if err != nil {
		return nil, err
	}
	right, err := o.viable(ctx, mutants[len(mutants)/2:])
	return append(left, right...), err
}
