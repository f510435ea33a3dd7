package kernel_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// detections is the table of what was seen and how fast, over all tests.
var detections = &table{}

type table struct {
	mu   sync.Mutex
	rows []string
}

// detection is one row of it.
type detection struct {
	situation           string
	family              family
	verdict             verdict
	exit                int
	detected, recovered time.Duration
}

func (d detection) String() string {
	return fmt.Sprintf("%-58s %s  %-18s %-20s exit %d  detected in %4.1f s, recovered in %4.1f s",
		d.situation, d.family, d.verdict.Condition, d.verdict.Reason, d.exit, d.detected.Seconds(), d.recovered.Seconds())
}

func (t *table) add(d detection) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, d.String())
}

func (t *table) write(path string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.Sort(t.rows)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	head := fmt.Sprintf("Measured with --probe.interval=%v and the default time-out of 1 s, at check and in the daemon.\n\n", interval)
	return os.WriteFile(path, []byte(head+strings.Join(t.rows, "\n")+"\n"), 0o644)
}
