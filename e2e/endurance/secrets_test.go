package endurance_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// secretRounds is after how many rounds, each on new keys, outputs and memory
// are searched.
const secretRounds = 1000

// planted is put into the process's environment, to show that a search finds
// what is there.
const planted = "9F3A7C41D2B86E05FA17"

// TestNoSecretLeaves runs the daemon on keys that change with each round, and
// then looks for any of them: whole in every output, and any ten characters of
// them in a core dump taken between two rounds.
func TestNoSecretLeaves(t *testing.T) {
	harness.NeedRoot(t)
	gcore := harness.NeedCommand(t, "gcore", "gdb")
	imds, dir := serveChangingKeys(t), t.TempDir()
	textfile, state := filepath.Join(dir, "imds.prom"), filepath.Join(dir, "state.json")
	cmd := exec.Command(harness.Build(t, "imds-probe"), "run", "--imds.endpoint="+imds.url,
		"--probe.interval=20ms", "--probe.timeout=20ms", "--no-probe.hop-limit", "--log.level=debug",
		"--web.listen-address=127.0.0.1:0", "--textfile.path="+textfile, "--state.file="+state)
	cmd.Env = append(os.Environ(), "PLANTED="+planted)
	p := harness.StartCmd(t, cmd)
	address, _ := p.Listening(t)
	base := "http://" + address
	awaitRounds(t, imds, secretRounds)

	outputs := map[string]string{"textfile": readFile(t, textfile), "state file": readFile(t, state)}
	for _, path := range []string{"/", "/metrics", "/api/v1/status", "/-/healthy", "/-/ready"} {
		outputs[path] = harness.Get(t, base+path)
	}
	stopBetweenRounds(t, p, imds)
	core := dump(t, gcore, p.Cmd.Process.Pid, dir)
	for range furtherDumps() {
		_ = p.Cmd.Process.Signal(syscall.SIGCONT)
		_, whole := imds.rounds()
		awaitRounds(t, imds, whole+5)
		noSecretIn(t, core, imds)
		stopBetweenRounds(t, p, imds)
		core = dump(t, gcore, p.Cmd.Process.Pid, dir)
	}
	outputs["log"] = strings.Join(p.Lines(), "\n")
	for name, text := range outputs {
		if text == "" {
			t.Errorf("%s is empty: nothing was looked at", name)
		}
		for _, canary := range imdstest.Canaries() {
			if strings.Contains(text, canary) {
				t.Errorf("%s holds %s…", name, canary)
			}
		}
	}
	noSecretIn(t, core, imds)
}

// furtherDumps is how many core dumps more are taken in full, each between two other
// rounds.
func furtherDumps() int {
	if harness.Full() {
		return 20
	}
	return 0
}

// noSecretIn wants a core dump to hold no part of a secret, and what was planted.
func noSecretIn(t *testing.T, core []byte, imds *served) {
	t.Helper()
	begun, _ := imds.rounds()
	secrets := imds.secrets()
	secrets["planted"] = []string{planted}
	hits := searchCore(t, core, secrets)
	t.Logf("hits in a core dump of %d MiB after %d rounds: %v", len(core)>>20, begun, hits)
	if hits["planted"] == 0 {
		t.Error("what was planted is not found: the search proves nothing")
	}
	for _, name := range []string{"AccessKeyId", "SecretAccessKey", "Token"} {
		if hits[name] > 0 {
			t.Errorf("%d fragments of a %s in the core dump", hits[name], name)
		}
	}
}

func awaitRounds(t *testing.T, imds *served, n int) {
	t.Helper()
	eventually(t, 5*time.Minute, strconv.Itoa(n)+" rounds", func() bool {
		_, whole := imds.rounds()
		return whole >= n
	})
}

// stopBetweenRounds stops the process when every round in which the keys were read was
// logged.
func stopBetweenRounds(t *testing.T, p *harness.Process, imds *served) {
	t.Helper()
	eventually(t, time.Minute, "a moment between rounds", func() bool {
		_ = p.Cmd.Process.Signal(syscall.SIGSTOP)
		for range 20 { // the log comes through a pipe
			_, whole := imds.rounds()
			if logged := strings.Count(strings.Join(p.Lines(), "\n"), `"exchanges":6`); logged == whole && whole > 0 {
				return true
			}
			time.Sleep(5 * time.Millisecond)
		}
		_ = p.Cmd.Process.Signal(syscall.SIGCONT)
		return false
	})
}

// dump takes a core dump of all that the process has mapped, and returns it.
func dump(t *testing.T, gcore string, pid int, dir string) []byte {
	t.Helper()
	cmd := exec.Command(gcore, "-a", "-o", filepath.Join(dir, "core"), strconv.Itoa(pid))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	core, err := os.ReadFile(filepath.Join(dir, "core."+strconv.Itoa(pid)))
	if err != nil {
		t.Fatal(err)
	}
	return core
}

// window is how many characters of a secret in a row are a hit.
const window = 10

// searchCore counts the runs of secrets' characters that a dump holds, by the
// secret's name.
func searchCore(t *testing.T, core []byte, secrets map[string][]string) map[string]int {
	t.Helper()
	names := map[[window]byte]string{}
	for name, all := range secrets {
		for _, secret := range all {
			for i := 0; i+window <= len(secret); i++ {
				names[[window]byte([]byte(secret[i:i+window]))] = name
			}
		}
	}
	hits, run := map[string]int{}, 0
	for i, c := range core {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			run = 0
			continue
		}
		if run++; run < window {
			continue
		}
		if name, found := names[[window]byte(core[i+1-window:i+1])]; found {
			hits[name]++
			if name != sessionToken && name != "planted" {
				t.Logf("%s at %#x: %q", name, i, core[max(0, i-200):min(len(core), i+80)])
			}
			run = 0
		}
	}
	return hits
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
