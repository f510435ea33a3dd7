package doctor_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// stage is an emulator on which situations are made, by boto3.
type stage struct {
	name, endpoint, account string
	// admin may do everything.
	admin keys
	drive *driver
	// tools is the folder of the AWS CLI.
	tools string
}

// driver is a process that makes boto3's calls, one at a time.
type driver struct {
	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
}

// startDriver starts the driver; stop ends it.
func startDriver(ctx context.Context, python string) (d *driver, stop func(), err error) {
	command := exec.CommandContext(ctx, python, filepath.Join("testdata", "drive.py"))
	command.Env = append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true")
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := command.Start(); err != nil {
		return nil, nil, err
	}
	return &driver{in: stdin, out: bufio.NewReaderSize(stdout, 1<<20)}, func() {
		_ = stdin.Close()
		_ = command.Wait()
	}, nil
}

// args are the arguments of a call of boto3.
type args map[string]any

// call makes a call as the principal, and fails the test if it fails.
func (s *stage) call(t *testing.T, k keys, service, call string, a args) map[string]any {
	t.Helper()
	result, refused := s.try(t, k, service, call, a)
	if refused != "" {
		t.Fatalf("%s on %s: %s", call, s.name, refused)
	}
	return result
}

// try makes a call as the principal, which the emulator may refuse.
func (s *stage) try(t *testing.T, k keys, service, call string, a args) (result map[string]any, refused string) {
	t.Helper()
	s.drive.mu.Lock()
	defer s.drive.mu.Unlock()
	line, err := json.Marshal(map[string]any{
		"endpoint": s.endpoint, "keys": []string{k.id, k.secret, k.token}, "service": service, "call": call, "args": a,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.drive.in.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	text, err := s.drive.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Result map[string]any `json:"result"`
		Error  string         `json:"error"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Result, answer.Error
}

// at returns what stands at the path in an answer.
func at(t *testing.T, v any, path ...any) string {
	t.Helper()
	for _, p := range path {
		switch key := p.(type) {
		case string:
			v = v.(map[string]any)[key]
		case int:
			v = v.([]any)[key]
		}
	}
	text, ok := v.(string)
	if !ok {
		t.Fatalf("nothing at %v", path)
	}
	return text
}

func (s *stage) role(t *testing.T, name, trust string) {
	t.Helper()
	s.call(t, s.admin, "iam", "create_role", args{"RoleName": name, "AssumeRolePolicyDocument": trust})
}

func (s *stage) profile(t *testing.T, name, role string) {
	t.Helper()
	s.call(t, s.admin, "iam", "create_instance_profile", args{"InstanceProfileName": name})
	if role != "" {
		s.call(t, s.admin, "iam", "add_role_to_instance_profile", args{"InstanceProfileName": name, "RoleName": role})
	}
}

// take takes the role out of the profile.
func (s *stage) take(t *testing.T, profile, role string) {
	t.Helper()
	s.call(t, s.admin, "iam", "remove_role_from_instance_profile", args{"InstanceProfileName": profile, "RoleName": role})
}

func (s *stage) instance(t *testing.T, profile string) string {
	t.Helper()
	image := at(t, s.call(t, s.admin, "ec2", "describe_images", args{}), "Images", 0, "ImageId")
	a := args{"ImageId": image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
	if profile != "" {
		a["IamInstanceProfile"] = args{"Name": profile}
	}
	return at(t, s.call(t, s.admin, "ec2", "run_instances", a), "Instances", 0, "InstanceId")
}

// user makes a user who may do what the policies allow.
func (s *stage) user(t *testing.T, policies ...string) (string, keys) {
	t.Helper()
	name := nameFor(t, "u")
	s.call(t, s.admin, "iam", "create_user", args{"UserName": name})
	for i, p := range policies {
		s.call(t, s.admin, "iam", "put_user_policy", args{"UserName": name, "PolicyName": fmt.Sprintf("p%d", i), "PolicyDocument": p})
	}
	made := s.call(t, s.admin, "iam", "create_access_key", args{"UserName": name})
	return name, keys{id: at(t, made, "AccessKey", "AccessKeyId"), secret: at(t, made, "AccessKey", "SecretAccessKey")}
}

// ask runs iam-doctor against the emulator and returns its report.
func (s *stage) ask(t *testing.T, k keys, arguments ...string) report {
	t.Helper()
	return diagnoseAt(t, s.endpoint, "us-east-1", k, arguments...)
}

// follow carries out the remedy as a person would: it saves the policies, and gives
// the commands, as they are printed, to a shell with the AWS CLI.
func (s *stage) follow(t *testing.T, r report) {
	t.Helper()
	dir := t.TempDir()
	for _, p := range r.Policies {
		if err := os.WriteFile(filepath.Join(dir, p.File), p.Document, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range r.Remedy {
		if step.Command == "" || !strings.HasPrefix(step.Command, "aws ") {
			continue
		}
		shell := exec.CommandContext(t.Context(), "bash", "-c", step.Command)
		shell.Dir = dir
		shell.Env = env(t, s.admin, "us-east-1", "PATH="+s.tools+":"+os.Getenv("PATH"), "AWS_ENDPOINT_URL="+s.endpoint, "AWS_DEFAULT_REGION=us-east-1")
		if out, err := shell.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", step.Command, err, out)
		}
	}
}

// startMinistack starts the second emulator on a free loopback port, with IAM
// enforced. stop ends it and what it started.
func startMinistack(ctx context.Context, python string) (endpoint string, stop func(), err error) {
	command := exec.CommandContext(ctx, python, "-m", "hypercorn", "--bind", "127.0.0.1:0", "ministack.app:app")
	command.Env = append(os.Environ(), "AUTH=true", "AWS_EC2_METADATA_DISABLED=true", "PYTHONDONTWRITEBYTECODE=1")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := command.StderrPipe()
	if err != nil {
		return "", nil, err
	}
	command.Stdout = command.Stderr
	if err := command.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		_ = command.Wait()
	}
	running := regexp.MustCompile(`Running on (http://127\.0\.0\.1:\d+)`)
	var log bytes.Buffer
	for lines := bufio.NewScanner(io.TeeReader(output, &log)); lines.Scan(); {
		if m := running.FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, output) }()
			return m[1], stop, nil
		}
	}
	stop()
	return "", nil, errors.New("ministack does not start: " + log.String())
}
