package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

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
			return Invalid("shell", args[0], errors.New("must be one of "+list))
		},
	}
}
