// Package cli is what the commands share of their command lines: how flags are
// read, how bad usage is worded, and what --help and --version print.
//
// It stays clear of text/template, which cobra links only for templates of one's
// own: calling methods by name, it would keep the linker from leaving out any
// exported method, and so most of the AWS SDK.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
)

// ExitUsage is the exit code of bad usage; of a monitoring plugin it means unknown.
const ExitUsage = 3

// Run runs the command of root that args name, and returns its exit code. An
// error is printed as one line; unless it comes from [Exit], it is bad usage.
func Run(ctx context.Context, root *cobra.Command, args []string, stdout, stderr io.Writer) int {
	adoptVersion()
	Prepare(root)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := refuseTestFlags(args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	code := 0
	if err != nil {
		code = ExitUsage
	}
	if e, ok := errors.AsType[*exit](err); ok {
		code, err = e.code, e.error
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(stderr, "%s: %v\n", root.Name(), err)
	}
	return code
}

// exit is the end of a command with a code; its error may be nil.
type exit struct {
	error
	code int
}

// Exit ends a command with an exit code, and an error to print if there is one.
func Exit(code int, err error) error {
	if code == 0 && err == nil {
		return nil
	}
	return &exit{err, code}
}

// Prepare gives root and its commands the common flags, words and commands.
func Prepare(root *cobra.Command) {
	root.SilenceErrors, root.SilenceUsage, root.DisableSuggestions = true, true, true
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(help)
	root.SetHelpCommand(helpCommand())
	root.AddCommand(completionCommand())
	root.PersistentPreRunE = checkGiven
	common := root.PersistentFlags()
	common.SortFlags = false
	common.BoolP("help", "h", false, "Show this help")
	common.Var(versionFlag{}, "version", "Show the version")
	common.Lookup("version").NoOptDefVal = "true"
	for _, cmd := range slices.Concat(root.Commands(), []*cobra.Command{root}) {
		cmd.Flags().SortFlags = false
		cmd.InitDefaultHelpFlag() // there is one: this only adds the common flags
		cmd.Flags().VisitAll(plain)
		registerValues(cmd)
		if cmd.HasParent() && cmd.Args == nil {
			cmd.Args = noArgs
		}
		if cmd.ValidArgs == nil && cmd.ValidArgsFunction == nil {
			cmd.ValidArgsFunction = cobra.NoFileCompletions
		}
	}
}
