package cli_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
)

// flags is what a command of the tests reads.
type flags struct {
	On, Off bool
	Pace    time.Duration
	Share   float64
	Hops    int
	List    []string
	Name    string
}

// program is a root with a command, which note what they read.
func program(got *flags) *cobra.Command {
	*got = flags{On: true, Pace: time.Second, Share: 0.5}
	root := &cobra.Command{Use: "prog [COMMAND]", Short: "do things", RunE: func(*cobra.Command, []string) error { return nil }}
	sub := &cobra.Command{
		Use: "sub NAME", Short: "Do one thing",
		Args: cli.Arg(func(s string) error { got.Name = s; return nil }),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch got.Name {
			case "fail":
				return cli.Exit(1, errors.New("it failed"))
			case "warn":
				return cli.Exit(2, nil)
			}
			_, err := io.WriteString(cmd.OutOrStdout(), "done\n")
			return err
		},
	}
	for _, cmd := range []*cobra.Command{root, sub} {
		cli.Bool(cmd.Flags(), &got.On, "on", "Is on")
		cli.Bool(cmd.Flags(), &got.Off, "off", "Is off")
		cli.Duration(cmd.Flags(), &got.Pace, "pace", "How fast")
		cli.Number(cmd.Flags(), &got.Share, "share", "How much")
		cli.Integer(cmd.Flags(), &got.Hops, "hops", "How far")
		cli.Strings(cmd.Flags(), &got.List, "list", "`WHAT` to do", "all")
	}
	must := &cobra.Command{Use: "must", Short: "Need a flag", RunE: func(*cobra.Command, []string) error { return nil }}
	must.Flags().String("name", "", "A `NAME`")
	cli.Require(must, "name")
	root.AddCommand(sub, must)
	return root
}

func run(t *testing.T, args ...string) (got flags, code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = cli.Run(t.Context(), program(&got), args, &out, &errs)
	return got, code, out.String(), errs.String()
}

func TestFlags(t *testing.T) {
	t.Parallel()
	defaults := flags{On: true, Pace: time.Second, Share: 0.5, List: []string{"all"}}
	for args, change := range map[string]func(*flags){
		"":                            func(*flags) {},
		"--on --no-off":               func(*flags) {},
		"--no-on --off":               func(f *flags) { f.On, f.Off = false, true },
		"--on=false --off=true":       func(f *flags) { f.On, f.Off = false, true },
		"--no-on=true --no-off=false": func(f *flags) { f.On, f.Off = false, true },
		"--no-on --on":                func(*flags) {},
		"--pace=3s --share 0.25":      func(f *flags) { f.Pace, f.Share = 3*time.Second, 0.25 },
		"--hops 2":                    func(f *flags) { f.Hops = 2 },
		"--list=a,b":                  func(f *flags) { f.List = []string{"a,b"} },
		"--list a --list=b":           func(f *flags) { f.List = []string{"a", "b"} },
		"sub x --list=sub":            func(f *flags) { f.Name, f.List = "x", []string{"sub"} },
		"--list sub sub -- -x":        func(f *flags) { f.Name, f.List = "-x", []string{"sub"} },
		"--pace=3s sub x":             func(f *flags) { f.Name, f.Pace = "x", 3*time.Second },
	} {
		want := defaults
		change(&want)
		got, code, _, stderr := run(t, strings.Fields(args)...)
		if diff := cmp.Diff(want, got); diff != "" || code != 0 {
			t.Errorf("%s: %d %s\n-want +got:\n%s", args, code, stderr, diff)
		}
	}
}

func TestBadUsage(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--bogus":           "unknown flag: --bogus",
		"-x":                "unknown shorthand flag: 'x' in -x",
		"-test.v":           "unknown flag: -test.v",
		"---on":             "bad flag syntax: ---on",
		"--pace":            "flag needs an argument: --pace",
		"--pace=often":      "--pace=often: not a duration, such as 30s",
		"--share=half":      "--share=half: not a number, such as 0.75",
		"--share=NaN":       "--share=NaN: not a number, such as 0.75",
		"--hops=1.5":        "--hops=1.5: not a whole number",
		"--on=maybe":        "--on=maybe: neither true nor false",
		"--no-on=maybe":     "--no-on=maybe: neither true nor false",
		"--on false":        `unknown command "false" for "prog"`,
		"sbu --bogus":       `unknown command "sbu" for "prog"`,
		"-- x":              `unexpected argument "x"`,
		"sub":               "sub: missing argument NAME",
		"sub a b":           `sub: unexpected argument "b"`,
		"must":              "must: missing --name",
		"must x":            `must: unexpected argument "x"`,
		"help sbu":          `unknown command "sbu" for "prog"`,
		"completion":        "completion: missing argument SHELL",
		"completion tcsh":   "shell=tcsh: must be one of bash, fish, powershell, zsh",
		"--pace=http://u@h": "--pace=http://***@h: not a duration, such as 30s",
	} {
		_, code, stdout, stderr := run(t, strings.Fields(args)...)
		if diff := cmp.Diff("prog: "+want+"\n", stderr); diff != "" || stdout != "" || code != cli.ExitUsage {
			t.Errorf("%s: %d %s\n-want +got:\n%s", args, code, stdout, diff)
		}
	}
	if _, _, _, stderr := run(t, "--pace=a\nb"); stderr != `prog: --pace="a\nb": not a duration, such as 30s`+"\n" {
		t.Errorf("not one line: %s", stderr)
	}
}

func TestExit(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"sub x":    `0 "done\n" ""`,
		"sub fail": `1 "" "prog: it failed\n"`,
		"sub warn": `2 "" ""`,
	} {
		_, code, stdout, stderr := run(t, strings.Fields(args)...)
		if got := fmt.Sprintf("%d %q %q", code, stdout, stderr); got != want {
			t.Errorf("%s: %s, want %s", args, got, want)
		}
	}
}

const subHelp = `Usage: prog sub NAME [flags]

Do one thing.

Flags:
      --[no-]on         Is on (default true)
      --[no-]off        Is off
      --pace DURATION   How fast (default 1s)
      --share N         How much (default 0.5)
      --hops N          How far
      --list WHAT       WHAT to do (default all)
  -h, --help            Show this help
      --version         Show the version
`

// TestHelp also wants help and version to need nothing else of a command.
func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"sub --help", "sub -h", "help sub", "-h sub"} {
		_, code, stdout, stderr := run(t, strings.Fields(args)...)
		if diff := cmp.Diff(subHelp, stdout); diff != "" || stderr != "" || code != 0 {
			t.Errorf("%s: %d %s\n-want +got:\n%s", args, code, stderr, diff)
		}
	}
	_, help, _, _ := run(t, "--help")
	_, same, _, _ := run(t, "help")
	if help != 0 || same != 0 {
		t.Errorf("exit codes %d, %d", help, same)
	}
	for _, args := range []string{"--version", "sub --version", "must --version --bogus"} {
		_, code, stdout, stderr := run(t, strings.Fields(args)...)
		if stdout != cli.Version("prog")+"\n" || stderr != "" || code != 0 {
			t.Errorf("%s: %d %s %s", args, code, stdout, stderr)
		}
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "fish", "powershell", "zsh"} {
		_, code, stdout, stderr := run(t, "completion", shell)
		if !strings.Contains(stdout, "__complete") || stderr != "" || code != 0 {
			t.Errorf("%s: %d %s", shell, code, stderr)
		}
	}
	for args, want := range map[string]string{
		"--no-":       "--no-on",
		"--o":         "--on",
		"help s":      "sub",
		"sub --pa":    "--pace",
		"sub --list":  "WHAT to do",
		"completion ": "zsh",
	} {
		words := strings.Split(args, " ")
		_, _, stdout, _ := run(t, append([]string{"__complete"}, words...)...)
		if !strings.Contains(stdout, want) || strings.ContainsAny(stdout, "`") || strings.Contains(stdout, "--no-off") {
			t.Errorf("%s: %s", args, stdout)
		}
	}
}
