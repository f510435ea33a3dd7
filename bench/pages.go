package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	pageSize = 4 << 10
	// sparse is how many bytes of a page are not zero, at the most, for it to be
	// counted as hardly used.
	sparse = 64
	// arena is what Go's heap is aligned to and grows by.
	arena = 4 << 20
)

// fill is how much of a part of the memory is there, and how well it is used.
type fill struct{ pages, sparse int }

// The parts of anonymous memory.
const (
	partHeap    = "Go's heap, with the stacks of goroutines"
	partRuntime = "what Go's runtime maps to manage it"
	partData    = "`.data` and `.bss`"
	partStack   = "the stack of the first thread"
)

// mapping is a line of /proc/PID/maps.
type mapping struct {
	start, end int64
	name       string
}

// part tells what a mapping of a Go program is; bss is where its .bss begins.
func (m mapping) part(binary string, bss int64) string {
	switch {
	case m.name == "[stack]":
		return partStack
	case m.name == binary || m.start == bss:
		return partData
	case m.start%arena == 0 && (m.end-m.start)%arena == 0:
		return partHeap
	}
	return partRuntime
}

// anonymousPages counts the anonymous pages by part. It takes the right to read
// the process's memory.
func (p *process) anonymousPages(binary string) (map[string]fill, error) {
	proc := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
	maps, err := mappings(proc + "maps")
	if err != nil {
		return nil, err
	}
	memory, err := os.Open(filepath.Clean(proc + "mem"))
	if err != nil {
		return nil, err
	}
	defer memory.Close()
	pagemap, err := os.Open(filepath.Clean(proc + "pagemap"))
	if err != nil {
		return nil, err
	}
	defer pagemap.Close()
	parts, bss := map[string]fill{}, int64(0)
	for _, m := range maps {
		part := m.part(binary, bss)
		if m.name == binary {
			bss = m.end
		}
		f := parts[part]
		present, err := m.present(pagemap)
		if err != nil {
			return nil, err
		}
		for _, at := range present {
			page := make([]byte, pageSize)
			if _, err := memory.ReadAt(page, at); err != nil {
				return nil, err
			}
			f.pages++
			if pageSize-bytes.Count(page, []byte{0}) < sparse {
				f.sparse++
			}
		}
		parts[part] = f
	}
	return parts, nil
}

// mappings reads the mappings that can hold anonymous pages.
func mappings(path string) (all []mapping, err error) {
	file, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		name := ""
		if len(fields) > 5 {
			name = fields[5]
		}
		if strings.HasPrefix(name, "[v") { // the kernel's own
			continue
		}
		from, to, _ := strings.Cut(fields[0], "-")
		start, err := strconv.ParseInt(from, 16, 64)
		if err != nil {
			return nil, err
		}
		end, err := strconv.ParseInt(to, 16, 64)
		if err != nil {
			return nil, err
		}
		all = append(all, mapping{start, end, name})
	}
	return all, nil
}

// present returns the addresses of the mapping's anonymous pages, by the bits of
// pagemap: 63 is present, 61 is of a file.
func (m mapping) present(pagemap *os.File) (pages []int64, err error) {
	const entry = 8
	entries := make([]byte, (m.end-m.start)/pageSize*entry)
	if _, err := pagemap.ReadAt(entries, m.start/pageSize*entry); err != nil {
		return nil, err
	}
	at := m.start
	for e := range slices.Chunk(entries, entry) {
		if bits := binary.NativeEndian.Uint64(e); bits>>63 == 1 && bits>>61&1 == 0 {
			pages = append(pages, at)
		}
		at += pageSize
	}
	return pages, nil
}
