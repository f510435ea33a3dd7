package wire

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"
)

// The systemd drop-ins that grant what the vantages need.
const (
	userDropIn  = "deploy/systemd/imds-probe.service.d/vantage-user.conf"
	netnsDropIn = "deploy/systemd/imds-probe.service.d/vantage-netns.conf"
)

// denied says which capability is missing and what grants it.
func denied(capability, dropIn string) error {
	return fmt.Errorf("%w: it needs %s, which the systemd drop-in %s grants", ErrVantageDenied, capability, dropIn)
}

// userVantage sees IMDS as a user does: packet filters that match the owner look
// at the file-system uid of the thread that made the socket.
type userVantage struct{ user string }

// newUserVantage tries whether there is such a user, and whether this process may
// take its identity.
func newUserVantage(name string) (Vantage, error) {
	v := userVantage{name}
	return v, tryOnThread(v.enter)
}

func (v userVantage) Name() string { return "user:" + v.user }

func (v userVantage) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return dialOnThread(ctx, v.enter, network, address)
}

// enter gives the calling thread the user's file-system uid.
func (v userVantage) enter() (leave, error) {
	uid, err := lookupUID(v.user)
	if errors.As(err, new(user.UnknownUserError)) {
		return nil, fmt.Errorf("%w: no user %q", ErrVantageGone, v.user)
	} else if err != nil {
		return nil, err
	}
	return enterUID(uid)
}

func enterUID(uid int) (leave, error) {
	own := os.Geteuid()
	back := func() error { return setFSUID(own) }
	if err := setFSUID(uid); err != nil {
		return back, denied("CAP_SETUID", userDropIn)
	}
	return back, nil
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
type netnsVantage struct{ path string }

// ownNetns is the network namespace of the calling thread.
const ownNetns = "/proc/thread-self/ns/net"

// newNetnsVantage tries whether there is such a namespace, and whether this
// process may enter it.
func newNetnsVantage(path string) (Vantage, error) {
	v := netnsVantage{path}
	return v, tryOnThread(v.enter)
}

func (v netnsVantage) Name() string { return "netns:" + v.path }

func (v netnsVantage) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return dialOnThread(ctx, v.enter, network, address)
}

func (v netnsVantage) enter() (leave, error) { return enterNetns(v.path) }

// enterNetns moves the calling thread into a namespace. The path is opened each
// time, for a namespace made anew under the path is another one.
func enterNetns(path string) (leave, error) {
	theirs, err := os.Open(path) //nolint:gosec // G304: the operator's own flag
	if err != nil {
		return nil, netnsError(path, err)
	}
	defer theirs.Close()
	own, err := os.Open(ownNetns)
	if err != nil {
		return nil, err
	}
	back := func() error {
		defer own.Close()
		return setns(own)
	}
	if err := setns(theirs); err != nil {
		_ = own.Close()
		return nil, netnsError(path, err) // the thread has not moved
	}
	return back, nil
}

func netnsError(path string, err error) error {
	switch {
	case errors.Is(err, unix.EPERM):
		return denied("CAP_SYS_ADMIN", netnsDropIn)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %q cannot be read", ErrVantageDenied, path)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.EINVAL):
		// No such file, or one that is no network namespace any more.
		return fmt.Errorf("%w: no network namespace at %q", ErrVantageGone, path)
	}
	return err // of this host, such as EMFILE
}

func setns(ns *os.File) error { return unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET) }

// tryOnThread enters an identity and leaves it.
func tryOnThread(enter func() (leave, error)) error {
	_, err := onThread(enter, func() (net.Conn, error) { return nil, nil }) //nolint:nilnil // entering is all
	return err
}

func dialOnThread(ctx context.Context, enter func() (leave, error), network, address string) (net.Conn, error) {
	return onThread(enter, func() (net.Conn, error) { return dial(ctx, network, address) })
}
