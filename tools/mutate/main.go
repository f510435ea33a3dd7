// Command mutate changes the code of a package in one small way after another, and
// tells which changes no test notices.
//
//	mutate [-C ROOT] [-write] [TARGET...]
//
// A target is a line of targets.txt: a package, its files if not all count, and
// the packages whose tests are asked beside its own. All changes (mutants) of a
// target are built into the test binaries at once, each behind a switch that the
// environment turns on, and by way of go's -overlay: the tree is never touched, and
// a mutant costs only the tests that come by it. They run in a network namespace
// that has loopback alone, since a mutant may ask anybody.
//
// Survivors are compared with survivors.txt, where each has the reason why no test
// needs to notice it. Exit code 1: one has none, or fewer than -least per cent died.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
)

type options struct {
	root  string
	write bool
	least float64
	jobs  int
}

func main() {
	var o options
	flag.StringVar(&o.root, "C", ".", "root of the repository")
	flag.BoolVar(&o.write, "write", false, "write survivors.txt: new ones with ? for a reason, and none that died")
	flag.Float64Var(&o.least, "least", 90, "per cent of the mutants that must die")
	flag.IntVar(&o.jobs, "jobs", 2*runtime.NumCPU(), "mutants at a time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	ok, err := run(ctx, o, flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
	}
	if err != nil || !ok {
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

// run mutates the named targets, or all, and tells whether they pass.
func run(ctx context.Context, o options, names []string) (bool, error) {
	root, err := filepath.Abs(o.root)
	if err != nil {
		return false, err
	}
	here := filepath.Join(root, "tools", "mutate")
	targets, err := readTargets(filepath.Join(here, "targets.txt"), names)
	if err != nil {
		return false, err
	}
	known, err := readSurvivors(filepath.Join(here, "survivors.txt"))
	if err != nil {
		return false, err
	}
	ok, rates := true, []string{}
	for _, t := range targets {
		mutants, err := mutate(ctx, root, t, o.jobs)
		if err != nil {
			return false, fmt.Errorf("%s: %w", t.pkg, err)
		}
		ok = known.judge(os.Stdout, t, mutants, o.least) && ok
		rates = append(rates, fmt.Sprintf("%.1f %% of %s", rate(mutants), t.pkg))
	}
	fmt.Fprintln(os.Stdout, "died:", strings.Join(rates, ", "))
	if o.write {
		return ok, known.write(filepath.Join(here, "survivors.txt"))
	}
	return ok, nil
}

// mutate finds the mutants of a target and gives each its fate.
func mutate(ctx context.Context, root string, t target, jobs int) ([]*mutant, error) {
	files, err := load(root, t)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "imds-probe-mutate-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var mutants []*mutant
	for _, f := range files {
		mutants = append(mutants, f.find()...)
	}
	o := overlay{root: root, dir: dir, pkg: t.pkg, files: files}
	if mutants, err = o.viable(ctx, mutants); err != nil {
		return nil, err
	}
	for i, m := range mutants {
		m.id = i + 1
	}
	path, err := o.lay(mutants)
	if err != nil {
		return nil, err
	}
	tests, err := buildTests(ctx, root, dir, path, append([]string{t.pkg}, t.with...))
	if err != nil {
		return nil, err
	}
	if err := tests.trace(ctx, mutants); err != nil {
		return nil, err
	}
	tests.judge(ctx, mutants, jobs)
	return mutants, ctx.Err()
}
