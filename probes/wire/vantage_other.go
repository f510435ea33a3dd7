//go:build !linux

package wire

import (
	"errors"
	"fmt"
)

var errLinuxOnly = errors.New("only on Linux")

func newUserVantage(name string) (Vantage, error) {
	return nil, fmt.Errorf("user:%s: %w", name, errLinuxOnly)
}

func newNetnsVantage(path string) (Vantage, error) {
	return nil, fmt.Errorf("netns:%s: %w", path, errLinuxOnly)
}
