package probes

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// userVantage sees IMDS as a user does: packet filters that match the owner look
// at the file-system uid of the thread that made the socket.
type userVantage struct {
	user   string
	dialer *net.Dialer
}

func newUserVantage(name string) (Vantage, error) {
	v := userVantage{user: name, dialer: dialer()}
	return checked(v, v.enter)
}

func (v userVantage) Name() string { return "user:" + v.user }

func (v userVantage) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return dialOnThread(ctx, v.dialer, v.enter, network, address)
}

// enter gives the calling thread the user's file-system uid.
func (v userVantage) enter() (leave func() error, err error) {
	uid, err := lookupUID(v.user)
	if err != nil {
		return nil, fmt.Errorf("%w: no user %q", ErrVantageGone, v.user)
	}
	own := os.Geteuid()
	leave = func() error { return setFSUID(own) }
	if err := setFSUID(uid); err != nil {
		return leave, fmt.Errorf("%w: CAP_SETUID is needed to look as user %q", ErrVantageDenied, v.user)
	}
	return leave, nil
}

// lookupUID takes a name or a number. It reads the user database each time, for
// users come and go.
func lookupUID(name string) (int, error) {
	if uid, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(uid), nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(u.Uid)
}

// setFSUID sets the file-system uid of the calling thread. The system call
// reports no failure, so the uid is read back: an invalid one changes nothing.
func setFSUID(uid int) error {
	if _, err := unix.SetfsuidRetUid(uid); err != nil {
		return err
	}
	if now, err := unix.SetfsuidRetUid(-1); err != nil || now != uid {
		return unix.EPERM
	}
	return nil
}

// netnsVantage sees IMDS from a network namespace, such as a container's.
type netnsVantage struct {
	path   string
	dialer *net.Dialer
}

func newNetnsVantage(path string) (Vantage, error) {
	v := netnsVantage{path: path, dialer: dialer()}
	return checked(v, v.enter)
}

func (v netnsVantage) Name() string { return "netns:" + v.path }

func (v netnsVantage) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return dialOnThread(ctx, v.dialer, v.enter, network, address)
}

// enter moves the calling thread into the namespace. The path is opened each
// time, for a namespace made anew under the path is another one.
func (v netnsVantage) enter() (leave func() error, err error) {
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	leave = func() error {
		defer own.Close()
		return setns(own)
	}
	theirs, err := os.Open(v.path)
	if err != nil {
		return leave, v.explain(err)
	}
	defer theirs.Close()
	return leave, v.explain(setns(theirs))
}

func (v netnsVantage) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: CAP_SYS_ADMIN is needed to look from network namespace %q", ErrVantageDenied, v.path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %q cannot be read", ErrVantageDenied, v.path)
	}
	// No such file, or (EINVAL) one that is no namespace any more.
	return fmt.Errorf("%w: no network namespace at %q", ErrVantageGone, v.path)
}

func setns(ns *os.File) error { return unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET) }

// checked makes sure that a vantage can be entered.
func checked(v Vantage, enter func() (func() error, error)) (Vantage, error) {
	_, err := onThread(enter, func() (net.Conn, error) { return nil, nil }) //nolint:nilnil // entering is all
	if err != nil {
		return nil, err
	}
	return v, nil
}

func dialOnThread(ctx context.Context, d *net.Dialer, enter func() (func() error, error), network, address string) (net.Conn, error) {
	return onThread(enter, func() (net.Conn, error) { return d.DialContext(ctx, network, address) })
}

// onThread runs f on a thread that entered another identity. The thread goes
// back to the pool only if it has its own identity back; else it ends with the
// goroutine, since Go ends a thread that is still locked.
func onThread(enter func() (leave func() error, err error), f func() (net.Conn, error)) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread()
		leave, err := enter()
		var conn net.Conn
		if err == nil {
			conn, err = f()
		}
		if leave == nil || leave() == nil {
			runtime.UnlockOSThread()
		}
		done <- result{conn, err}
	}()
	r := <-done
	return r.conn, r.err
}
