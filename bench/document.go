package main

import (
	"fmt"
	"os"
	"strings"
)

// The document has the tables of the last run between these.
const (
	tablesBegin = "<!-- begin: make bench -->\n"
	tablesEnd   = "<!-- end: make bench -->\n"
)

// replace puts the tables into the document.
func replace(path, tables string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(text), tablesBegin)
	_, after, ends := strings.Cut(rest, tablesEnd)
	if !begins || !ends {
		return fmt.Errorf("%s lacks %q or %q", path, tablesBegin, tablesEnd)
	}
	return os.WriteFile(path, []byte(before+tablesBegin+tables+tablesEnd+after), 0o644)
}
