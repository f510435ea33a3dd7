package imdstest

import (
	"encoding/json"
	"slices"
	"strings"
)

// document is a JSON object whose fields keep their order, in IMDS's layout.
type document []field

type field struct{ name, value string }

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

func quote(s string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}
