package cli

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/pflag"
)

// Var adds a flag that parse reads. kind stands for the value in the help, unless
// the usage has a word in back quotes. The target's value is the default.
func Var[T any](flags *pflag.FlagSet, target *T, name, kind, usage string, parse func(string) (T, error)) {
	flags.Var(&value[T]{target, kind, parse}, name, usage)
}

// Duration adds a flag for a duration.
func Duration(flags *pflag.FlagSet, target *time.Duration, name, usage string) {
	Var(flags, target, name, "DURATION", usage, worded(time.ParseDuration, "not a duration, such as 30s"))
}

// Number adds a flag for a number.
func Number(flags *pflag.FlagSet, target *float64, name, usage string) {
	Var(flags, target, name, "N", usage, worded(parseFloat, "not a number, such as 0.75"))
}

// Integer adds a flag for a whole number.
func Integer(flags *pflag.FlagSet, target *int, name, usage string) {
	Var(flags, target, name, "N", usage, worded(strconv.Atoi, "not a whole number"))
}

// Strings adds a flag that can be repeated. Values are taken as they are, commas
// included; the first one takes the place of the defaults.
func Strings(flags *pflag.FlagSet, target *[]string, name, usage string, defaults ...string) {
	flags.StringArrayVar(target, name, defaults, usage)
	if len(defaults) == 1 {
		flags.Lookup(name).DefValue = defaults[0] // the help would have it in brackets
	}
}

// Bool adds a switch: --name, --no-name, and --name=false. The target's value is
// the default.
func Bool(flags *pflag.FlagSet, target *bool, name, usage string) {
	for _, b := range []*toggle{{target: target}, {target: target, negated: true}} {
		f := flags.VarPF(b, b.prefix()+name, "", usage)
		f.NoOptDefVal = "true"
		f.Hidden = b.negated && !*target // a completion that changes nothing
	}
}

// value is a flag's value of any type.
type value[T any] struct {
	target *T
	kind   string
	parse  func(string) (T, error)
}

// Set implements [pflag.Value].
func (v *value[T]) Set(text string) error {
	parsed, err := v.parse(text)
	if err == nil {
		*v.target = parsed
	}
	return err
}

// String implements [pflag.Value].
func (v *value[T]) String() string { return fmt.Sprint(*v.target) }

// Type implements [pflag.Value].
func (v *value[T]) Type() string { return v.kind }

// toggle is the value of a switch, or of its twin that turns it off.
type toggle struct {
	target  *bool
	negated bool
}

// Set implements [pflag.Value].
func (t *toggle) Set(text string) error {
	on, err := strconv.ParseBool(text)
	if err != nil {
		return errors.New("neither true nor false")
	}
	*t.target = on != t.negated
	return nil
}

// String implements [pflag.Value].
func (t *toggle) String() string { return strconv.FormatBool(*t.target != t.negated) }

// Type implements [pflag.Value].
func (t *toggle) Type() string { return "bool" }

// IsBoolFlag tells pflag that its default is worth a word only if it is true.
func (t *toggle) IsBoolFlag() bool { return true }

func (t *toggle) prefix() string {
	if t.negated {
		return "no-"
	}
	return ""
}

// worded takes the place of a parser's error, which speaks of Go.
func worded[T any](parse func(string) (T, error), words string) func(string) (T, error) {
	return func(text string) (T, error) {
		v, err := parse(text)
		if err != nil {
			err = errors.New(words)
		}
		return v, err
	}
}

func parseFloat(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if f != f {
		err = errors.New("not a number")
	}
	return f, err
}
