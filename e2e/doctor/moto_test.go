// Package doctor_test drives the built iam-doctor against moto, an emulator of
// the AWS API that enforces IAM: real principals, real policies, and every
// failure made by real API calls. Run it with: go test ./...
package doctor_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// world is what all tests share: the emulator, its administrators, the binary.
type world struct {
	endpoint string
	binary   string
	// stages are the emulators on which boto3 makes the same situations.
	stages []*stage
	// python has moto, for an emulator of a test's own.
	python string
	// admin and chinese may do everything, each in its partition.
	admin, chinese *account
}

// shared is set once, by TestMain, before any test runs.
var shared world

func TestMain(m *testing.M) {
	if err := runAll(m); err != nil {
		log.Fatalf("e2e/doctor cannot run: %v", err)
	}
}

// runAll runs the tests in a world of their own. It fails, and skips nothing,
// where that world cannot be made.
func runAll(m *testing.M) error {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "iam-doctor-e2e-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	shared.binary = filepath.Join(dir, "iam-doctor")
	build := exec.CommandContext(ctx, "go", "build", "-o", shared.binary, "./cmd/iam-doctor")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	python, err := virtualenv(ctx, "requirements.txt")
	if err != nil {
		return err
	}
	endpoint, stop, err := startMoto(ctx, python)
	if err != nil {
		return err
	}
	defer stop()
	shared.python, shared.endpoint = python, endpoint
	if err := bootstrap(ctx); err != nil {
		return fmt.Errorf("moto: %w", err)
	}
	second, err := virtualenv(ctx, "requirements-ministack.txt")
	if err != nil {
		return err
	}
	another, end, err := startMinistack(ctx, second)
	if err != nil {
		return err
	}
	defer end()
	drive, hush, err := startDriver(ctx, second)
	if err != nil {
		return err
	}
	defer hush()
	tools := filepath.Dir(second)
	shared.stages = []*stage{
		{"moto", shared.endpoint, "123456789012", shared.admin.keys, drive, tools},
		{"ministack", another, "000000000000", keys{id: "test", secret: "the-secret-of-the-administrator"}, drive, tools},
	}
	m.Run() // its exit code becomes the process's
	return nil
}

// virtualenv returns the Python of a virtual environment with an emulator in it, which
// is made once for each state of the pinned requirements, outside of the tree.
func virtualenv(ctx context.Context, file string) (string, error) {
	requirements := filepath.Join("testdata", file)
	pins, err := os.ReadFile(requirements)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(pins)
	dir := filepath.Join(cache, "imds-probe", "emulator-"+hex.EncodeToString(sum[:8]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	python, complete := filepath.Join(dir, "venv", "bin", "python"), filepath.Join(dir, "complete")
	if _, err := os.Stat(complete); err == nil {
		return python, nil
	}
	for _, command := range [][]string{
		{"python3", "-m", "venv", "--clear", filepath.Join(dir, "venv")},
		{python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements},
	} {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("installing the emulators, %s: %w\n%s", strings.Join(command, " "), err, out)
		}
	}
	return python, os.WriteFile(complete, nil, 0o644)
}

func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, err
	}
	return func() { f.Close() }, nil
}

// startMoto starts the emulator on a free loopback port. It ends when stop
// closes its standard input, or when this process ends in whatever way.
func startMoto(ctx context.Context, python string, args ...string) (endpoint string, stop func(), err error) {
	moto := exec.CommandContext(ctx, python, append([]string{filepath.Join("testdata", "moto_aws.py")}, args...)...)
	moto.Env = append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true", "PYTHONDONTWRITEBYTECODE=1")
	var log bytes.Buffer
	moto.Stderr = &log
	stdin, err := moto.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	stdout, err := moto.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := moto.Start(); err != nil {
		return "", nil, err
	}
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_ = stdin.Close()
		_ = moto.Wait()
		return "", nil, fmt.Errorf("moto does not start: %w\n%s", err, log.String())
	}
	return "http://127.0.0.1:" + strings.TrimSpace(port), func() {
		_ = stdin.Close()
		_ = moto.Wait()
	}, nil
}

// bootstrap makes an administrator in each partition, and then lets moto
// enforce IAM from the next request on.
func bootstrap(ctx context.Context) error {
	var err error
	if shared.admin, err = firstAdmin(ctx, "us-east-1"); err != nil {
		return err
	}
	if shared.chinese, err = firstAdmin(ctx, "cn-north-1"); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, shared.endpoint+"/moto-api/reset-auth", strings.NewReader("0"))
	if err != nil {
		return err
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("reset-auth: status %d", response.StatusCode)
	}
	return nil
}
