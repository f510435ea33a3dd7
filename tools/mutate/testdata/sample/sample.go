// Package sample is what the test of mutate mutates.
package sample

import "errors"

var errEmpty = errors.New("empty")

// clamp is tested but for what makes no difference.
func clamp(n int) int {
	if n > 10 {
		return 10
	}
	return n
}

// sum is tested on either side of its guards.
func sum(ns []int, even bool) (total int, err error) {
	if len(ns) == 0 {
		return 0, errEmpty
	}
	for _, n := range ns {
		if even && n%2 != 0 {
			continue
		}
		total += n
	}
	return total, nil
}

// unheard is called, and nobody looks at what it does.
func unheard(into map[string]bool) bool {
	into["called"] = true
	return len(into) == 1
}
