package doctor_test

import (
	"strings"
	"testing"
)

// TestUsage: bad usage gives exit code 3 and one line that names the flag and
// its value. Nothing is asked: there is no endpoint, and there are no keys.
func TestUsage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args  string
		words string
	}{
		{"", "command not specified"},
		{"heal", `unknown command "heal" for "iam-doctor"`},
		{"instance", "give either the id of an instance or --self"},
		{"instance i-0123456789abcdef0 --self", "give either the id of an instance or --self"},
		{"instance web-1", `instance id=web-1: not the id of an instance`},
		{"instance i-0123456789abcdef0 --from=ftp://host", `--from=ftp://host: not a URL such as http://HOST:PORT`},
		{"instance i-0123456789abcdef0 --from=http://me:canary@host?x", `--from=http://***@host?x: not a URL`},
		{"instance i-0123456789abcdef0 --expect-role=a;b", `--expect-role=a;b: not the name or ARN of a role`},
		{"role", "role: missing argument NAME"},
		{"role a;b", `role name=a;b: not the name or ARN of a role`},
		{"add-role --role=r", "add-role: missing --instance-profile"},
		{"add-role --instance-profile=p", "add-role: missing --role"},
		{"add-role --instance-profile=a;b --role=r", `--instance-profile=a;b: not the name or ARN of an instance profile`},
		{"launch", "launch: missing --instance-profile"},
		{"launch --instance-profile=p --dry-run", "--dry-run: needs --image-id"},
		{"launch --instance-profile=p --image-id=ubuntu", `--image-id=ubuntu: not the id of an image`},
		{"launch --instance-profile=p --instance-type=big", `--instance-type=big: not an instance type`},
		{"launch --instance-profile=p --subnet-id=lan", `--subnet-id=lan: not the id of a subnet`},
		{"role r --output=xml", `--output=xml: must be one of text, json`},
		{"role r --timeout=soon", `--timeout=soon: not a positive duration`},
		{"role r --timeout=0s", `--timeout=0s: not a positive duration`},
		{"role r --region=Frankfurt", `--region=Frankfurt: not the name of a region`},
		{"role r --endpoint-url=localhost", `--endpoint-url=localhost: not a URL`},
		{"role r --profile=nobody", "--profile=nobody: the AWS configuration has no such profile"},
		{"role r --no-such-flag", "unknown flag: --no-such-flag"},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			o := execute(t, env(t, keys{}, "us-east-1"), strings.Fields(c.args)...)
			oneLine(t, o, c.words)
			if o.stdout != "" {
				t.Errorf("stdout: %s", o.stdout)
			}
			if strings.Contains(o.stderr, "canary") {
				t.Errorf("a password is in the output: %s", o.stderr)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	o := execute(t, env(t, keys{}, "us-east-1"), "--help")
	if o.code != 0 || o.stderr != "" {
		t.Errorf("%+v", o)
	}
	for _, word := range []string{"instance", "role", "add-role", "launch", "--profile", "--endpoint-url", "--output", "--timeout"} {
		if !strings.Contains(o.stdout, word) {
			t.Errorf("no %q in the help:\n%s", word, o.stdout)
		}
	}
}
