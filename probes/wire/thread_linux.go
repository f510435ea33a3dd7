package wire

import (
	"net"
	"runtime"
)

// leave gives a thread its own identity back. It is nil where a thread kept it.
type leave func() error

// onThread runs f on a thread that entered another identity. The thread goes
// back to the pool only if it has its own identity back; else it ends with the
// goroutine, since Go ends a thread that is still locked.
func onThread(enter func() (leave, error), f func() (net.Conn, error)) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread()
		back, err := enter()
		var conn net.Conn
		if err == nil {
			conn, err = f()
		}
		if back == nil || back() == nil {
			runtime.UnlockOSThread()
		}
		done <- result{conn, err}
	}()
	r := <-done
	return r.conn, r.err
}
