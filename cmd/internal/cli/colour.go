package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Coloured tells whether w is a terminal whose owner did not ask for no colour
// (https://no-color.org).
func Coloured(w io.Writer) bool { return os.Getenv("NO_COLOR") == "" && OnTerminal(w) }

// OnTerminal tells whether w is a terminal that can do more than lines.
func OnTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}
