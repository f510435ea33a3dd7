package cli

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/prometheus/common/version"
)

// Version says what version.Print of Prometheus's commands does, which needs
// text/template for it.
func Version(program string) string {
	return strings.TrimSpace(fmt.Sprintf(`%s, version %s (branch: %s, revision: %s)
  build user:       %s
  build date:       %s
  go version:       %s
  platform:         %s
  tags:             %s`,
		program, version.Version, version.Branch, version.GetRevision(),
		version.BuildUser, version.BuildDate, version.GoVersion,
		version.GoOS+"/"+version.GoArch, version.GetTags()))
}

// adoptVersion gives a build whose version the linker did not set, such as that of
// go install, the version of its module, if there is one.
func adoptVersion() {
	info, ok := debug.ReadBuildInfo()
	if ok && version.Version == "" && info.Main.Version != "(devel)" {
		version.Version = info.Main.Version
	}
}

// errVersion is how --version ends the reading of flags.
var errVersion = errors.New("the version is wanted")

// versionFlag is the value of --version, which is answered as soon as it is
// read, whatever else a command would need.
type versionFlag struct{}

// Set implements [pflag.Value].
func (versionFlag) Set(string) error { return errVersion }

// String implements [pflag.Value].
func (versionFlag) String() string { return "false" }

// Type implements [pflag.Value].
func (versionFlag) Type() string { return "bool" }
