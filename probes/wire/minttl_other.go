//go:build !linux

package wire

import (
	"errors"
	"syscall"
)

func setMinTTL(_ string, _ syscall.RawConn, n int) error {
	if n == 0 {
		return nil
	}
	return errors.ErrUnsupported
}
