//go:build !linux

package imdstest

import (
	"errors"
	"net"
)

func listenFull(string) (closer, error) { return nil, errors.ErrUnsupported }

func setTTL(net.Conn, int) {}
