package probes

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// phase is how far an exchange had come when it failed.
type phase uint8

const (
	phaseConnect phase = iota // no connection yet
	phaseAnswer               // connected, no byte of the answer yet
	phaseBody                 // the answer had begun
)

// Errors of the answer itself, told apart from those of the connection.
var (
	errNotHTTP        = errors.New("answer is not HTTP")
	errMalformed      = errors.New("answer is malformed")
	errAnswerTooLarge = errors.New("answer is too large")
)

// faultOf names the failure of an exchange by the phase in which it came and the
// system error behind it. It never looks at an error's text.
func faultOf(err error, at phase) (Reason, syscall.Errno) {
	var errno syscall.Errno
	errors.As(err, &errno)
	switch {
	case errors.Is(err, errNotHTTP):
		return ReasonNotHTTP, errno
	case errors.Is(err, errAnswerTooLarge):
		return ReasonAnswerTooLarge, errno
	case errors.Is(err, errMalformed):
		return ReasonAnswerMalformed, errno
	case at == phaseConnect:
		return connectFault(err, errno), errno
	}
	return answerFault(err, at), errno
}

func connectFault(err error, errno syscall.Errno) Reason {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return ReasonNameNotResolved
	}
	switch errno {
	case syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ECONNABORTED:
		return ReasonConnectRefused
	case syscall.EHOSTUNREACH, syscall.EHOSTDOWN, syscall.ENOPROTOOPT, syscall.EPROTO:
		return ReasonHostUnreachable
	case syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EINVAL, syscall.EAFNOSUPPORT:
		// EINVAL is what connect(2) says of a blackhole route, EAFNOSUPPORT what
		// socket(2) says of IPv6 where the kernel has none.
		return ReasonNetworkUnreachable
	case syscall.EADDRNOTAVAIL:
		return noAddress(err)
	case syscall.EPERM, syscall.EACCES:
		return ReasonNotPermitted
	default:
		if isTimeout(err) {
			return ReasonConnectTimeout
		}
		return ReasonLocalError
	}
}

// noAddress tells the two meanings of EADDRNOTAVAIL apart: over IPv6 the host has
// no address of its own (it is disabled), over IPv4 no local port is left.
func noAddress(err error) Reason {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		if to, ok := op.Addr.(*net.TCPAddr); ok && to.IP.To4() == nil {
			return ReasonNetworkUnreachable
		}
	}
	return ReasonLocalError
}

func answerFault(err error, at phase) Reason {
	switch {
	case isTimeout(err) && at == phaseAnswer:
		return ReasonAnswerTimeout
	case isTimeout(err):
		return ReasonAnswerSlow
	case at == phaseBody && errors.Is(err, io.ErrUnexpectedEOF):
		return ReasonAnswerTruncated
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ReasonConnectionClosed
	}
	return ReasonConnectionReset
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, syscall.ETIMEDOUT) || errors.As(err, &timeout) && timeout.Timeout()
}
