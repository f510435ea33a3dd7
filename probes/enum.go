package probes

import (
	"fmt"
	"slices"
)

// enumName returns the name of v, or a marked placeholder for a value outside
// the closed set.
func enumName[T ~uint8](kind string, names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("%s(%d)", kind, v)
}

// enumParse is the inverse of enumName.
func enumParse[T ~uint8](kind string, names []string, text []byte) (T, error) {
	i := slices.Index(names, string(text))
	if i < 0 {
		return 0, fmt.Errorf("unknown %s %q", kind, text)
	}
	return T(i), nil
}

// enumText refuses to marshal a value outside the closed set.
func enumText[T ~uint8](kind string, names []string, v T) ([]byte, error) {
	if int(v) >= len(names) {
		return nil, fmt.Errorf("no such %s: %d", kind, v)
	}
	return []byte(names[v]), nil
}
