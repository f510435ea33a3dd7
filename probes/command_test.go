package probes_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/probes"
)

// TestCommandParts wants a command to be cut before its options and operators, never
// within quotes, and to lose nothing by it: a line break where there was one blank.
func TestCommandParts(t *testing.T) {
	for command, want := range map[string][]string{
		"":            {""},
		"nft list":    {"nft list"},
		"ip route -n": {"ip route", "-n"},
		"aws iam get-role --role-name app --output json": {"aws iam get-role", "--role-name app", "--output json"},
		"iptables-save | grep 169.254":                   {"iptables-save", "| grep 169.254"},
		"a && b":                                         {"a", "&& b"},
		"curl http://169.254.169.254/":                   {"curl", "http://169.254.169.254/"},
		"a 'b --c' --d":                                  {"a 'b --c'", "--d"},
		`a "b --c" --d`:                                  {`a "b --c"`, "--d"},
		`a "it's --b" --c`:                               {`a "it's --b"`, "--c"},
		`a '{"b": -1}' --c 'd -e'`:                       {`a '{"b": -1}'`, `--c 'd -e'`},
		"a 'b":                                           {"a 'b"},
		"a 'b -c":                                        {"a 'b -c"},
	} {
		got := probes.CommandParts(command)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", command, diff)
		}
		if whole := strings.Join(got, " "); whole != command {
			t.Errorf("%q became %q", command, whole)
		}
	}
}
