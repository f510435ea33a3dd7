package doctor

import (
	"strings"
	"unicode/utf8"

	"github.com/imds-probe/imds-probe/probes"
)

// wrap breaks text between words so that no line is longer than textWidth; lines
// after the first begin at the column indent, where the first is taken to begin.
// A word that is too long, such as an ARN, is left whole: people copy it.
func wrap(text string, indent int) string {
	return fold(strings.Fields(text), indent, textWidth-indent, "")
}

// wrapCommand breaks a command before its options, with a backslash, so that it can
// be copied as it stands.
func wrapCommand(command string, indent int) string {
	return fold(probes.CommandParts(command), indent, textWidth-indent-len(` \`), ` \`)
}

// fold joins words to lines of at most room, ended by end but for the last.
func fold(words []string, indent, room int, end string) string {
	var b strings.Builder
	used := 0
	for i, word := range words {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case used+1+n > room:
			b.WriteString(end + "\n" + strings.Repeat(" ", indent))
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += n
	}
	return b.String()
}
