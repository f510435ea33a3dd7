package main

import (
	"errors"
	"fmt"
	"strconv"

	"imds-probe/agent"
)

// value is a flag's value that names its flag when it cannot be read, which
// kingpin's own do not.
type value[T any] struct {
	flag   string
	target *T
	parse  func(string) (T, error)
}

func typed[T any](flag string, target *T, parse func(string) (T, error)) *value[T] {
	return &value[T]{flag, target, parse}
}

// Set implements [kingpin.Value].
func (v *value[T]) Set(text string) error {
	parsed, err := v.parse(text)
	if err != nil {
		return &agent.OptionError{Flag: v.flag, Value: text, Err: fmt.Errorf("not a %T", *v.target)}
	}
	*v.target = parsed
	return nil
}

// String implements [kingpin.Value].
func (v *value[T]) String() string { return fmt.Sprint(*v.target) }

func parseFloat(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if f != f {
		err = errors.New("not a number")
	}
	return f, err
}
