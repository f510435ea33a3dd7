package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/imds-probe/imds-probe/probes/imdstest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"imds-probe": main})
}

// TestScripts drives the built binary by the scripts in testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			// The environment must not matter: neither a proxy nor the SDK's own switch.
			env.Setenv("http_proxy", "http://127.0.0.1:9")
			env.Setenv("HTTP_PROXY", "http://127.0.0.1:9")
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"simulate":   cmdSimulate,
			"freeport":   cmdFreePort,
			"exits":      cmdExits,
			"get":        cmdGet,
			"nocanaries": cmdNoCanaries,
		},
	})
}

// cmdSimulate starts the simulator in a scenario and sets $IMDS to its endpoint.
func cmdSimulate(ts *testscript.TestScript, _ bool, args []string) {
	scenario, err := imdstest.Find(args[0])
	ts.Check(err)
	server, err := imdstest.Listen(imdstest.New(scenario), "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = server.Close() })
	ts.Setenv("IMDS", server.URL())
}

// cmdFreePort sets a variable to an address that nobody listens on.
func cmdFreePort(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], l.Addr().String())
	ts.Check(l.Close())
}

// cmdExits runs a command that must exit with a code.
func cmdExits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code, err = exit.ExitCode(), nil
	}
	ts.Check(err)
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// cmdGet gets a URL, retrying until it has the wanted status and text, and keeps
// the body in a file: get STATUS URL FILE [TEXT].
func cmdGet(ts *testscript.TestScript, _ bool, args []string) {
	status, url, file, text := args[0], args[1], args[2], strings.Join(args[3:], " ")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var last string
	for ctx.Err() == nil {
		code, body := getOnce(ctx, url)
		if strconv.Itoa(code) == status && strings.Contains(body, text) {
			ts.Check(os.WriteFile(ts.MkAbs(file), []byte(body), 0o600))
			return
		}
		last = strconv.Itoa(code) + "\n" + body
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
	ts.Fatalf("%s: want status %s with %q, got %s", url, status, text, last)
}

func getOnce(ctx context.Context, url string) (int, string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, err.Error()
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

// cmdNoCanaries fails if any file holds a mark of a secret.
func cmdNoCanaries(ts *testscript.TestScript, _ bool, files []string) {
	for _, file := range files {
		text := ts.ReadFile(file)
		if len(text) == 0 {
			ts.Fatalf("%s is empty: nothing was looked at", filepath.Base(file))
		}
		for _, canary := range imdstest.Canaries() {
			if strings.Contains(text, canary) {
				ts.Fatalf("%s holds the secret %s…", filepath.Base(file), canary)
			}
		}
	}
}
