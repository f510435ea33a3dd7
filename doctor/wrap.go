package doctor

import (
	"strings"
	"unicode/utf8"
)

// wrap breaks text between words so that no line is longer than textWidth; lines
// after the first begin at the column indent, where the first is taken to begin.
// A word that is too long, such as an ARN, is left whole: people copy it.
func wrap(text string, indent int) string {
	return fold(strings.Fields(text), indent, textWidth-indent, "")
}

// wrapCommand breaks a command between words of the shell, with a backslash, so
// that it can be copied as it stands. Words are never broken.
func wrapCommand(command string, indent int) string {
	return fold(shellWords(command), indent, textWidth-indent-len(` \`), ` \`)
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

// shellWords splits a command at spaces outside quotes, and keeps the quotes.
func shellWords(command string) []string {
	var words []string
	var word strings.Builder
	quote := rune(0)
	for _, r := range command {
		switch {
		case r == ' ' && quote == 0:
			if word.Len() > 0 {
				words = append(words, word.String())
				word.Reset()
			}
			continue
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		case r == quote:
			quote = 0
		}
		word.WriteRune(r)
	}
	if word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}
