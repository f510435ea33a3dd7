package ladder

import (
	"strings"
	"unicode"
)

// maxText limits what is kept of any text that IMDS controls.
const maxText = 512

// clean makes a text that IMDS controls fit for terminals, logs and pages: valid
// UTF-8, printable, of bounded length.
func clean(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD")))
}
