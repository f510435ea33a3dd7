// Package manpage writes manual pages from cobra commands, one for a binary with
// all its commands. Only tests import it: they keep deploy/package/man up to date.
package manpage

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
)

// Section is a section of a page beyond those that commands tell of.
type Section struct{ Title, Text string }

// Write writes the page of root: what it is about, of which the last paragraph
// tells the exit code, its flags, commands and examples. In place of the date and the version it has
// @DATE@ and @VERSION@, which are known only when a package is built.
func Write(w io.Writer, root *cobra.Command, sections ...Section) error {
	cli.Prepare(root)
	p := &page{}
	name := root.Name()
	p.line(".TH " + name + ` 1 "@DATE@" "` + name + ` @VERSION@"`)
	p.section("NAME", text(name)+` \- `+text(root.Short))
	p.section("SYNOPSIS", bold(root.UseLine()))
	about, status, _ := strings.Cut(cli.About(root), "\n\nThe exit code ")
	p.section("DESCRIPTION", text(about))
	p.section("OPTIONS", "")
	p.flags(cli.Shown(root.Flags()))
	p.section("COMMANDS", "")
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() {
			p.command(cmd)
		}
	}
	p.section("EXIT STATUS", text("The exit code "+status))
	p.section("EXAMPLES", ".nf\n"+text(strings.TrimRight(root.Example, "\n"))+"\n.fi")
	for _, s := range sections {
		p.section(s.Title, text(s.Text))
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}

// page is a manual page in the making, in the language of man(7).
type page struct{ out strings.Builder }

func (p *page) macro(name string, args ...string) {
	for _, arg := range args {
		name += ` "` + arg + `"`
	}
	p.line("." + name)
}

func (p *page) line(s string) { p.out.WriteString(s + "\n") }

func (p *page) section(title, body string) {
	p.macro("SH", title)
	if body != "" {
		p.line(body)
	}
}

// command has what a command is for, and its flags. Those that the root has too
// are told above.
func (p *page) command(cmd *cobra.Command) {
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	own.SortFlags = false
	var known []string
	cli.Shown(cmd.LocalFlags()).VisitAll(func(f *pflag.Flag) {
		if cli.Shown(cmd.Root().Flags()).Lookup(f.Name) == nil {
			own.AddFlag(f)
		} else {
			known = append(known, bold("--"+f.Name))
		}
	})
	p.macro("SS", text(strings.TrimSuffix(cmd.UseLine(), " [flags]")))
	p.line(text(cli.About(cmd)))
	p.flags(own)
	if len(known) > 0 {
		p.macro("PP")
		p.line("Of the options above: " + strings.Join(known, ", ") + ".")
	}
}

func (p *page) flags(flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		kind, usage := pflag.UnquoteUsage(f)
		head := bold("--" + f.Name)
		if f.Shorthand != "" {
			head = bold("-"+f.Shorthand) + ", " + head
		}
		if kind != "" {
			head += "=" + `\fI` + text(kind) + `\fR`
		}
		p.macro("TP")
		p.line(head)
		p.line(text(usage + byDefault(f)))
	})
}

// byDefault says what holds without the flag, if that is worth a word.
func byDefault(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "[]", "0", "0s", "false":
		return ""
	}
	return " (default " + f.DefValue + ")"
}

func bold(s string) string { return `\fB` + text(s) + `\fR` }

// text guards what roff would not take as it is: backslashes, hyphens that must
// stay so, and, at the start of a line, dots and quotes. An empty line is a
// paragraph's end.
func text(s string) string {
	lines := strings.Split(strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(s), "\n")
	for i, line := range lines {
		switch {
		case line == "":
			lines[i] = ".PP"
		case line[0] == '.' || line[0] == '\'':
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
