package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// values is the annotation of the values that a flag may have.
const values = "imds-probe_values"

// Complete lets a shell complete the values of a flag.
func Complete(cmd *cobra.Command, flag string, all ...string) {
	flags := cmd.Flags()
	if flags.Lookup(flag) == nil {
		flags = cmd.PersistentFlags()
	}
	if err := flags.SetAnnotation(flag, values, all); err != nil {
		panic(err) // no such flag
	}
}

// registerValues tells cobra of the values. It keeps them globally for good, so
// only commands that are run come here.
func registerValues(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		all, listed := f.Annotations[values]
		if _, done := cmd.GetFlagCompletionFunc(f.Name); done || !listed {
			return
		}
		complete := cobra.FixedCompletions(all, cobra.ShellCompDirectiveNoFileComp)
		if err := cmd.RegisterFlagCompletionFunc(f.Name, complete); err != nil {
			panic(err) // the flag is there, and was not registered
		}
	})
}

// completionCommand takes the place of cobra's, which has a page of help for each
// shell and succeeds for an unknown one.
func completionCommand() *cobra.Command {
	shells := []string{"bash", "fish", "powershell", "zsh"}
	list := strings.Join(shells, ", ")
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     "Print a completion script for a shell",
		Long:      fmt.Sprintf("Print a completion script for a shell: %s.", list),
		ValidArgs: shells,
		Args:      Arg(func(string) error { return nil }),
		RunE: func(cmd *cobra.Command, args []string) error {
			root, out := cmd.Root(), cmd.OutOrStdout()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "fish":
				return root.GenFishCompletion(out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(out)
			case "zsh":
				return root.GenZshCompletion(out)
			}
			return Invalid("shell", args[0], OneOf(args[0], shells...))
		},
	}
}
