package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is a program under measurement.
type process struct {
	cmd *exec.Cmd
	url string
}

// start starts a program that serves on a free loopback port; args hold %s where
// the address belongs.
func start(ctx context.Context, binary string, args ...string) (*process, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	all := append([]string{}, args...)
	all = append(all, "--web.listen-address="+address)
	cmd := exec.CommandContext(ctx, binary, all...)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd: cmd, url: "http://" + address}, nil
}

func (p *process) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// await polls /metrics until it has a text.
func (p *process) await(ctx context.Context, text string) error {
	began := time.Now()
	for ctx.Err() == nil && time.Since(began) < time.Minute {
		if body, err := get(ctx, http.DefaultTransport, p.url+"/metrics"); err == nil && strings.Contains(body, text) {
			return nil
		}
		time.Sleep(500 * time.Microsecond)
	}
	return fmt.Errorf("%s never showed %q", p.cmd.Path, text)
}

func get(ctx context.Context, transport http.RoundTripper, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		return "", errors.Join(err, errors.New(resp.Status))
	}
	return string(body), err
}

// cpu returns the CPU time of all living threads.
func (p *process) cpu() (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	var total time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // a thread that ended
		}
		field, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(ns)
	}
	return total, err
}

// memory returns the resident set and its anonymous part, in MiB.
func (p *process) memory() (resident, anonymous float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kib, _ := strconv.ParseFloat(fields[1], 64)
		switch fields[0] {
		case "VmRSS:":
			resident = kib / 1024
		case "RssAnon:":
			anonymous = kib / 1024
		}
	}
	return resident, anonymous, err
}
