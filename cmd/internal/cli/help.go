package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// columns is the width of the help.
const columns = 80

func help(cmd *cobra.Command, _ []string) {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: %s\n\n%s\n", cmd.UseLine(), About(cmd))
	if cmd.Example != "" {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", strings.TrimRight(cmd.Example, "\n"))
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			fmt.Fprintf(&b, "  %-12s%s\n", sub.Name(), sub.Short)
		}
	}
	fmt.Fprintf(&b, "\nFlags:\n%s", Shown(cmd.Flags()).FlagUsagesWrapped(columns))
	fmt.Fprint(cmd.OutOrStdout(), b.String())
}

// About says what a command is for.
func About(cmd *cobra.Command) string {
	if cmd.Long != "" {
		return strings.TrimSpace(cmd.Long)
	}
	return cmd.Short + "."
}

// quoted is the annotation that keeps a flag's usage with its word in back quotes.
const quoted = "quoted usage"

// plain takes the back quotes off a flag's usage, for a shell's completion shows
// it as it is.
func plain(f *pflag.Flag) {
	if _, usage := pflag.UnquoteUsage(f); usage != f.Usage {
		if f.Annotations == nil {
			f.Annotations = map[string][]string{}
		}
		f.Annotations[quoted] = []string{f.Usage}
		f.Usage = usage
	}
}

// Shown are the flags that people are shown: of a switch and its twin one, with
// the name that has both.
func Shown(flags *pflag.FlagSet) *pflag.FlagSet {
	shown := pflag.NewFlagSet("", pflag.ContinueOnError)
	shown.SortFlags = false
	flags.VisitAll(func(f *pflag.Flag) {
		t, isToggle := f.Value.(*toggle)
		if f.Hidden || isToggle && t.negated {
			return
		}
		named := *f
		if usage := f.Annotations[quoted]; usage != nil {
			named.Usage = usage[0]
		}
		if isToggle {
			named.Name = "[no-]" + f.Name
		}
		shown.AddFlag(&named)
	})
	return shown
}

// helpCommand takes the place of cobra's, which succeeds for an unknown command.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show the help of a command",
		Args:  Arg(func(string) error { return nil }),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
			for _, c := range cmd.Root().Commands() {
				if len(args) == 0 && c.IsAvailableCommand() {
					names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			about, _, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			return about.Help()
		},
	}
}
