package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
)

// TestUsage: bad usage is one line that names what is wrong. Nothing is asked.
func TestUsage(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"":                  "command not specified: give instance, role, add-role, launch or audit, or --help",
		"--output=json":     "command not specified: give instance, role, add-role, launch or audit, or --help",
		"heal":              `unknown command "heal" for "iam-doctor"`,
		"instance":          "instance: give either the id of an instance or --self",
		"instance i-0 -x":   "unknown shorthand flag: 'x' in -x",
		"instance web-1":    "instance id=web-1: not the id of an instance, such as i-0123456789abcdef0, or its ARN",
		"role":              "role: missing argument NAME",
		"role a b":          `role: unexpected argument "b"`,
		"role a;b":          "role name=a;b: not the name or ARN of a role",
		"role r --output=x": "--output=x: must be one of text, json",
		"role r --timeout=": "--timeout=: not a positive duration, such as 30s",
		"add-role --role=r": "add-role: missing --instance-profile",
		"launch --dry-run":  "launch: missing --instance-profile",
		"instance --from=http://me:canary@host?x": "--from=http://***@host?x: not a URL such as http://HOST:PORT",
	} {
		var stdout, stderr strings.Builder
		code := cli.Run(t.Context(), rootCommand(), strings.Fields(args), &stdout, &stderr)
		got := fmt.Sprint(code, stdout.String(), stderr.String())
		if diff := cmp.Diff(fmt.Sprint(3, "", "iam-doctor: "+want+"\n"), got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", args, diff)
		}
	}
}
