package track

import (
	"errors"
	"io/fs"
	"syscall"
)

// onlyOurs refuses a file that somebody other than this user and root may have
// written.
func onlyOurs(info fs.FileInfo, user int) error {
	if info.Mode().Perm()&0o022 != 0 {
		return errors.New("others may write it")
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Uid != 0 && int(stat.Uid) != user {
		return errors.New("it belongs to another user")
	}
	return nil
}
