package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// test is a test of a binary, and how long it takes without a mutant.
type test struct {
	binary *binary
	name   string
	takes  time.Duration
}

// binary is what go test builds of a package.
type binary struct{ path, dir string }

type tests []*test

// buildTests builds the tests of packages with the overlay.
func buildTests(ctx context.Context, root, dir, overlay string, pkgs []string) (all tests, err error) {
	for i, pkg := range pkgs {
		b := &binary{filepath.Join(dir, fmt.Sprintf("%d.test", i)), filepath.Join(root, pkg)}
		cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", b.path, pkg) //nolint:gosec // packages of the repository
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%v: %w\n%s", cmd, err, out)
		}
		if _, err := os.Stat(b.path); err != nil {
			continue // no tests
		}
		out, err := exec.CommandContext(ctx, b.path, "-test.list", ".").Output() //nolint:gosec // just built
		if err != nil {
			return nil, err
		}
		for _, name := range regexp.MustCompile(`(?m)^(Test|Fuzz|Example)\w*$`).FindAllString(string(out), -1) {
			all = append(all, &test{binary: b, name: name})
		}
	}
	return all, nil
}

// sandbox runs a command in a network namespace of its own.
func sandbox() []string {
	if os.Geteuid() == 0 {
		return []string{"unshare", "--net"}
	}
	return []string{"unshare", "--user", "--map-root-user", "--net"}
}

// limit is how much address space a test may have: a mutant may ask for all.
const limit = 16 << 20 // KiB

// run runs some tests of the binary where nothing but loopback can be reached.
func (b *binary) run(ctx context.Context, names []string, timeout time.Duration, env ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	script := fmt.Sprintf(`ip link set lo up && ulimit -v %d && exec "$0" "$@"`, limit)
	args := append(sandbox(), "sh", "-c", script, b.path, "-test.failfast", "-test.run", "^("+strings.Join(names, "|")+")$")
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // just built
	cmd.Dir, cmd.Env = b.dir, append(os.Environ(), env...)
	cmd.WaitDelay = time.Second
	return cmd.CombinedOutput()
}

// trace runs each test alone, notes how long it takes and which mutants it comes
// by.
func (ts tests) trace(ctx context.Context, mutants []*mutant) error {
	for _, t := range ts {
		seen := t.binary.path + ".seen"
		began := time.Now()
		out, err := t.binary.run(ctx, []string{t.name}, 5*time.Minute, "MUTATE_TRACE="+seen)
		if err != nil {
			return fmt.Errorf("%s fails without a mutant: %w\n%s", t.name, err, out)
		}
		t.takes = time.Since(began)
		file, err := os.ReadFile(seen) //nolint:gosec // in a folder of our own
		if err != nil {
			continue // it comes by none
		}
		if err := os.Remove(seen); err != nil {
			return err
		}
		for lines := bufio.NewScanner(bytes.NewReader(file)); lines.Scan(); {
			id, err := strconv.Atoi(lines.Text())
			if err != nil {
				return err
			}
			mutants[id-1].tests = append(mutants[id-1].tests, t)
		}
	}
	return nil
}

// judge tells which mutants die of the tests that come by them.
func (ts tests) judge(ctx context.Context, mutants []*mutant, jobs int) {
	work := make(chan *mutant)
	var workers sync.WaitGroup
	for range jobs {
		workers.Go(func() {
			for m := range work {
				m.dead = m.dies(ctx)
			}
		})
	}
	for _, m := range mutants {
		work <- m
	}
	close(work)
	workers.Wait()
}

// dies tells whether a test fails, or takes several times as long, with the mutant.
// Most die of the quick ones, which are asked first.
func (m *mutant) dies(ctx context.Context) bool {
	for _, slow := range []bool{false, true} {
		names, takes := map[*binary][]string{}, map[*binary]time.Duration{}
		for _, t := range m.tests {
			if slow == (t.takes > quick) {
				names[t.binary] = append(names[t.binary], t.name)
				takes[t.binary] += t.takes
			}
		}
		for b := range names {
			if _, err := b.run(ctx, names[b], 10*time.Second+4*takes[b], "MUTATE="+strconv.Itoa(m.id)); err != nil {
				return true
			}
		}
	}
	return false
}

// quick is what a test takes that is asked first.
const quick = 250 * time.Millisecond
