package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/prometheus/common/version"
)

var (
	errTwice       = errors.New("given twice")
	errNotPositive = errors.New("must be positive")
	errPortTaken   = errors.New("another process listens there; name another address, such as --listen=localhost:0")
)

// errNeither says which values a flag takes.
func errNeither(values ...string) error {
	return fmt.Errorf("must be one of %s", strings.Join(values, ", "))
}

// versionText is the version that the linker set, or a word for a build without.
func versionText() string {
	if version.Version == "" {
		return "dev"
	}
	return version.Version
}
