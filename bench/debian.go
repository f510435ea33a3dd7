package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
)

// debian fetches a Debian package into a folder and unpacks it there, without
// installing it, and returns the path of the command of its name.
func debian(ctx context.Context, dir, name string) (string, error) {
	root := filepath.Join(dir, name+".root")
	script := `set -e; apt-get -o APT::Sandbox::User=root download -qq "$1"; dpkg-deb -x "$1"_*.deb "$2"`
	cmd := exec.CommandContext(ctx, "sh", "-c", script, "sh", name, root)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	return filepath.Join(root, "usr/bin", name), cmd.Run()
}
