package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/imds-probe/imds-probe/probes"
)

// Phase is how far an exchange had come when it failed.
type Phase uint8

// The phases of an exchange.
const (
	PhaseConnect Phase = iota // no connection yet
	PhaseAnswer               // connected, no byte of the answer yet
	PhaseBody                 // the answer had begun
)

// ErrAnswerTooLarge means that head or body of an answer exceed their limit.
var ErrAnswerTooLarge = errors.New("answer is too large")

// Errors of the answer itself, told apart from those of the connection.
var (
	errNotHTTP   = errors.New("answer is not HTTP")
	errMalformed = errors.New("answer is malformed")
)

// FaultOf names the failure of an exchange by the phase in which it came and the
// system error behind it. It never looks at an error's text.
func FaultOf(err error, at Phase) (probes.Reason, syscall.Errno) {
	var errno syscall.Errno
	errors.As(err, &errno)
	switch {
	case errors.Is(err, errNotHTTP):
		return probes.ReasonNotHTTP, errno
	case errors.Is(err, ErrAnswerTooLarge):
		return probes.ReasonAnswerTooLarge, errno
	case errors.Is(err, errMalformed):
		return probes.ReasonAnswerMalformed, errno
	case at == PhaseConnect:
		return connectFault(err, errno), errno
	}
	return answerFault(err, at), errno
}

func connectFault(err error, errno syscall.Errno) probes.Reason {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return probes.ReasonNameNotResolved
	}
	switch errno {
	case syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ECONNABORTED:
		return probes.ReasonConnectRefused
	case syscall.EHOSTUNREACH, syscall.EHOSTDOWN, syscall.ENOPROTOOPT, syscall.EPROTO:
		return probes.ReasonHostUnreachable
	case syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EINVAL, syscall.EAFNOSUPPORT:
		// EINVAL is what connect(2) says of a blackhole route, EAFNOSUPPORT what
		// socket(2) says of IPv6 where the kernel has none.
		return probes.ReasonNetworkUnreachable
	case syscall.EADDRNOTAVAIL:
		return noAddress(err)
	case syscall.EPERM, syscall.EACCES:
		return probes.ReasonNotPermitted
	default:
		if isTimeout(err) {
			return probes.ReasonConnectTimeout
		}
		return probes.ReasonLocalError
	}
}

// noAddress tells the two meanings of EADDRNOTAVAIL apart: over IPv6 the host has
// no address of its own (it is disabled), over IPv4 no local port is left.
func noAddress(err error) probes.Reason {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		if to, ok := op.Addr.(*net.TCPAddr); ok && to.IP.To4() == nil {
			return probes.ReasonNetworkUnreachable
		}
	}
	return probes.ReasonLocalError
}

func answerFault(err error, at Phase) probes.Reason {
	switch {
	case isTimeout(err) && at == PhaseAnswer:
		return probes.ReasonAnswerTimeout
	case isTimeout(err):
		return probes.ReasonAnswerSlow
	case at == PhaseBody && errors.Is(err, io.ErrUnexpectedEOF):
		return probes.ReasonAnswerTruncated
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return probes.ReasonConnectionClosed
	}
	return probes.ReasonConnectionReset
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, syscall.ETIMEDOUT) || errors.As(err, &timeout) && timeout.Timeout()
}
