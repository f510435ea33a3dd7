package manpage_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
	"github.com/imds-probe/imds-probe/cmd/internal/cli/manpage"
)

const want = `.TH prog 1 "@DATE@" "prog @VERSION@"
.SH "NAME"
prog \- do well\-known things
.SH "SYNOPSIS"
\fBprog COMMAND [flags]\fR
.SH "DESCRIPTION"
Do well\-known things.
.PP
\&.profile and C:\eTEMP are left alone.
.SH "OPTIONS"
.TP
\fB\-\-[no\-]fast\fR
Be fast (default true)
.TP
\fB\-\-to\fR=\fIPATH\fR
Where PATH leads to
.TP
\fB\-h\fR, \fB\-\-help\fR
Show this help
.TP
\fB\-\-version\fR
Show the version
.SH "COMMANDS"
.SS "prog completion SHELL"
Print a completion script for a shell: bash, fish, powershell, zsh.
.SS "prog go"
Go there.
.TP
\fB\-\-by\fR=\fIN\fR
Steps
.PP
Of the options above: \fB\-\-to\fR.
.SH "EXIT STATUS"
The exit code is 0.
.SH "EXAMPLES"
.nf
  prog go \-\-by=2
.fi
.SH "FILES"
\&'none'
`

func TestWrite(t *testing.T) {
	t.Parallel()
	root := &cobra.Command{
		Use: "prog COMMAND", Short: "do well-known things", Example: "  prog go --by=2\n",
		Long: "Do well-known things.\n\n.profile and C:\\TEMP are left alone.\n\nThe exit code is 0.",
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	sub := &cobra.Command{Use: "go", Short: "Go there", RunE: root.RunE}
	fast, steps := true, 0
	cli.Bool(root.Flags(), &fast, "fast", "Be fast")
	root.Flags().String("to", "", "Where `PATH` leads to")
	sub.Flags().String("to", "", "Where `PATH` leads to")
	cli.Integer(sub.Flags(), &steps, "by", "Steps")
	root.AddCommand(sub)
	var got strings.Builder
	if err := manpage.Write(&got, root, manpage.Section{Title: "FILES", Text: "'none'"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
