package endurance_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
)

// inUse returns how many descriptors and threads a process has.
func inUse(t *testing.T, pid int) (descriptors, threads int) {
	t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(open), procStatus(t, pid, "Threads")
}

// procStatus returns a number of /proc/PID/status; sizes are in KiB.
func procStatus(t *testing.T, pid int, name string) int {
	t.Helper()
	text := readFile(t, fmt.Sprintf("/proc/%d/status", pid))
	found := regexp.MustCompile(`(?m)^` + name + `:\s+(\d+)`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no %s in\n%s", name, text)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
