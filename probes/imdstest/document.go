package imdstest

import (
	"encoding/json"
	"slices"
	"strings"
)

// document is a JSON object whose fields keep their order, in IMDS's layout.
type document []field

// field is a name and a value: a string, or nil for null.
type field struct {
	name  string
	value any
}

func (d document) without(names []string) document {
	return slices.DeleteFunc(slices.Clone(d), func(f field) bool { return slices.Contains(names, f.name) })
}

func (d document) String() string {
	lines := make([]string, len(d))
	for i, f := range d {
		lines[i] = "  " + quote(f.name) + " : " + quote(f.value)
	}
	return "{\n" + strings.Join(lines, ",\n") + "\n}"
}

func quote(v any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // a string or nil always encodes
	return strings.TrimSuffix(b.String(), "\n")
}
