package main

import (
	"errors"
	"net/url"
	"time"

	"github.com/spf13/pflag"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
)

// checked adds a flag whose value is checked.
func checked(flags *pflag.FlagSet, target *string, name, usage string, check func(string) error) {
	cli.Var(flags, target, name, "", usage, func(s string) (string, error) { return s, check(s) })
}

func positiveDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, errors.New("not a positive duration, such as 30s")
	}
	return d, nil
}

func must(valid func(string) bool, what string) func(string) error {
	return func(s string) error {
		if !valid(s) {
			return errors.New("not " + what)
		}
		return nil
	}
}

func oneOf(values ...string) func(string) error {
	return func(s string) error { return cli.OneOf(s, values...) }
}

func httpURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("not a URL such as http://HOST:PORT")
	}
	return nil
}

// eachOf is a flag that can be repeated: a function that takes each value.
type eachOf func(string) error

// Set implements [pflag.Value].
func (f eachOf) Set(s string) error { return f(s) }

// String implements [pflag.Value].
func (eachOf) String() string { return "" }

// Type implements [pflag.Value].
func (eachOf) Type() string { return "" }
