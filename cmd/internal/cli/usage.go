package cli

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// UsageError says which flag or argument has an unusable value.
type UsageError struct {
	// Name is that of an argument, or of a flag with its dashes.
	Name, Value string
	Err         error
}

func (e *UsageError) Error() string { return fmt.Sprintf("%s=%s: %v", e.Name, shown(e.Value), e.Err) }

// Unwrap returns what is wrong with the value.
func (e *UsageError) Unwrap() error { return e.Err }

// Invalid is a value, of a flag or an argument, that cannot be used.
func Invalid(name string, value any, err error) error {
	return &UsageError{name, fmt.Sprint(value), err}
}

// OneOf wants a value to be one of these.
func OneOf(value string, values ...string) error {
	if slices.Contains(values, value) {
		return nil
	}
	return errors.New("must be one of " + strings.Join(values, ", "))
}

// userinfo is the part of a URL that may hold a password.
var userinfo = regexp.MustCompile(`//[^/@]*@`)

// shown is a value as errors show it: on one line, and without a password.
func shown(value string) string {
	value = userinfo.ReplaceAllString(value, "//***@")
	if strings.ContainsFunc(value, unicode.IsControl) {
		return strconv.Quote(value)
	}
	return value
}

// flagError words what pflag found wrong with a flag. As --version ends the
// reading of flags with an error, it is answered here.
func flagError(cmd *cobra.Command, err error) error {
	invalid, ok := errors.AsType[*pflag.InvalidValueError](err)
	switch {
	case !ok:
		return err
	case errors.Is(err, errVersion):
		_, err := fmt.Fprintln(cmd.OutOrStdout(), Version(cmd.Root().Name()))
		return err
	}
	return Invalid("--"+invalid.GetFlag().Name, invalid.GetValue(), invalid.Unwrap())
}

func noArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case !cmd.HasParent():
		return fmt.Errorf("unexpected argument %q", args[0])
	}
	return fmt.Errorf("%s: unexpected argument %q", cmd.Name(), args[0])
}

// refuseTestFlags refuses what pflag passes over without a word: flags of go test.
func refuseTestFlags(args []string) error {
	for _, arg := range args {
		if strings.HasPrefix(arg, "-test.") {
			return fmt.Errorf("unknown flag: %s", shown(arg))
		}
	}
	return nil
}

// Arg reads the one argument that a command takes, which needs to be given if
// the command's usage does not have it in brackets.
func Arg(read func(string) error) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		_, name, _ := strings.Cut(cmd.Use, " ")
		switch {
		case len(args) > 1:
			return noArgs(cmd, args[1:])
		case len(args) == 1:
			return read(args[0])
		case !strings.HasPrefix(name, "["):
			return fmt.Errorf("%s: missing argument %s", cmd.Name(), name)
		}
		return nil
	}
}

// Require makes flags of a command obligatory.
func Require(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // no such flag
		}
	}
}

// checkGiven refuses what cobra lets pass, an argument of the root after --, and
// says it in fewer words where a required flag is missing.
func checkGiven(cmd *cobra.Command, args []string) (err error) {
	if !cmd.HasParent() {
		err = noArgs(cmd, args)
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if _, required := f.Annotations[cobra.BashCompOneRequiredFlag]; required && !f.Changed && err == nil {
			err = fmt.Errorf("%s: missing --%s", cmd.Name(), f.Name)
		}
	})
	return err
}
