package probes

import "strings"

// CommandParts cuts a command before each word that is an option or operator.
func CommandParts(command string) (parts []string) {
	start, quote := 0, rune(0)
	for i, r := range command {
		switch {
		case r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		case quote == 0 && r == ' ' && breaksBefore(command[i+1:]):
			parts = append(parts, command[start:i])
			start = i + 1
		}
	}
	return append(parts, command[start:])
}

func breaksBefore(rest string) bool {
	for _, mark := range []string{"-", "|", "&&", "http://"} {
		if strings.HasPrefix(rest, mark) {
			return true
		}
	}
	return false
}
