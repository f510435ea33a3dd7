package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// connectError is what a dialer returns of connect(2).
func connectError(errno syscall.Errno, to string) error {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.ParseIP(to), Port: 80}, Err: os.NewSyscallError("connect", errno)}
}

func readError(err error) error {
	return &net.OpError{Op: "read", Net: "tcp", Err: err}
}

const (
	imdsIPv4 = "169.254.169.254"
	imdsIPv6 = "fd00:ec2::254"
)

// TestConnectFaults names each error of connect(2) and socket(2).
func TestConnectFaults(t *testing.T) {
	for errno, want := range map[syscall.Errno]probes.Reason{
		syscall.ECONNREFUSED: probes.ReasonConnectRefused,
		syscall.ECONNRESET:   probes.ReasonConnectRefused,
		syscall.ECONNABORTED: probes.ReasonConnectRefused,
		syscall.EHOSTUNREACH: probes.ReasonHostUnreachable,
		syscall.EHOSTDOWN:    probes.ReasonHostUnreachable,
		syscall.ENOPROTOOPT:  probes.ReasonHostUnreachable,
		syscall.EPROTO:       probes.ReasonHostUnreachable,
		syscall.ENETUNREACH:  probes.ReasonNetworkUnreachable,
		syscall.ENETDOWN:     probes.ReasonNetworkUnreachable,
		syscall.EINVAL:       probes.ReasonNetworkUnreachable,
		syscall.EAFNOSUPPORT: probes.ReasonNetworkUnreachable,
		syscall.EPERM:        probes.ReasonNotPermitted,
		syscall.EACCES:       probes.ReasonNotPermitted,
		syscall.ETIMEDOUT:    probes.ReasonConnectTimeout,
		syscall.EMFILE:       probes.ReasonLocalError,
		syscall.ENOBUFS:      probes.ReasonLocalError,
	} {
		t.Run(errno.Error(), func(t *testing.T) {
			for _, to := range []string{imdsIPv4, imdsIPv6} {
				got, seen := wire.FaultOf(connectError(errno, to), wire.PhaseConnect)
				if got != want || seen != errno {
					t.Errorf("%s: got %v, errno %v; want %v", to, got, seen, want)
				}
			}
		})
	}
}

// TestFaultsByPhase names errors whose meaning depends on how far the exchange
// had come, or on the address.
func TestFaultsByPhase(t *testing.T) {
	deadline := readError(os.ErrDeadlineExceeded)
	for _, tc := range []struct {
		name string
		err  error
		want [3]probes.Reason // while connecting, while waiting, within the body
	}{
		{"deadline of the socket", deadline, [3]probes.Reason{probes.ReasonConnectTimeout, probes.ReasonAnswerTimeout, probes.ReasonAnswerSlow}},
		{"deadline of the context", context.DeadlineExceeded, [3]probes.Reason{probes.ReasonConnectTimeout, probes.ReasonAnswerTimeout, probes.ReasonAnswerSlow}},
		{"reset", readError(os.NewSyscallError("read", syscall.ECONNRESET)), [3]probes.Reason{probes.ReasonConnectRefused, probes.ReasonConnectionReset, probes.ReasonConnectionReset}},
		{"end", readError(io.EOF), [3]probes.Reason{probes.ReasonLocalError, probes.ReasonConnectionClosed, probes.ReasonConnectionClosed}},
		{"end in the middle", io.ErrUnexpectedEOF, [3]probes.Reason{probes.ReasonLocalError, probes.ReasonConnectionClosed, probes.ReasonAnswerTruncated}},
		{"not HTTP", wire.ErrNotHTTP, [3]probes.Reason{probes.ReasonNotHTTP, probes.ReasonNotHTTP, probes.ReasonNotHTTP}},
		{"malformed", fmt.Errorf("head: %w", wire.ErrMalformed), [3]probes.Reason{probes.ReasonAnswerMalformed, probes.ReasonAnswerMalformed, probes.ReasonAnswerMalformed}},
		{"too large", wire.ErrAnswerTooLarge, [3]probes.Reason{probes.ReasonAnswerTooLarge, probes.ReasonAnswerTooLarge, probes.ReasonAnswerTooLarge}},
		{"no address of the name", &net.DNSError{Name: "imds", IsNotFound: true}, [3]probes.Reason{probes.ReasonNameNotResolved, probes.ReasonConnectionReset, probes.ReasonConnectionReset}},
		{"no local port", connectError(syscall.EADDRNOTAVAIL, imdsIPv4), [3]probes.Reason{probes.ReasonLocalError, probes.ReasonConnectionReset, probes.ReasonConnectionReset}},
		{"no local IPv6 address", connectError(syscall.EADDRNOTAVAIL, imdsIPv6), [3]probes.Reason{probes.ReasonNetworkUnreachable, probes.ReasonConnectionReset, probes.ReasonConnectionReset}},
		{"anything else", errors.New("anything else"), [3]probes.Reason{probes.ReasonLocalError, probes.ReasonConnectionReset, probes.ReasonConnectionReset}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got [3]probes.Reason
			got[0], _ = wire.FaultOf(tc.err, wire.PhaseConnect)
			got[1], _ = wire.FaultOf(tc.err, wire.PhaseAnswer)
			got[2], _ = wire.FaultOf(tc.err, wire.PhaseBody)
			if got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}
