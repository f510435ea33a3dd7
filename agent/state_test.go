package agent_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/agent/internal/agenttest"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// withState keeps the state in a file.
func withState(path string) func(*agent.Options) {
	return func(o *agent.Options) { o.StateFile = path }
}

// restart stops a daemon and starts another one on its simulator.
func restart(t *testing.T, d *agenttest.Daemon, path string) *agenttest.Daemon {
	t.Helper()
	d.Stop()
	return agenttest.Start(t, "healthy", func(o *agent.Options) {
		o.StateFile = path
		o.HTTPClient = wire.NewClient(d.Simulator.Dial)
	})
}

const rotationsTotal = `imds_credentials_rotations_total{vantage="host"}`

// TestStateKeepsSince wants a restart in the middle of a fault to be no event,
// and the end of the fault to tell how long it lasted in all.
func TestStateKeepsSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "state.json")
		d := agenttest.Start(t, "healthy", withState(path))
		time.Sleep(90 * time.Minute)
		d.Set("no_role")
		awaitCondition(t, d, probes.ConditionNoRole, time.Minute)
		time.Sleep(10 * time.Minute)
		before, rotations := d.Status(), d.Sample(rotationsTotal)
		simulator := d.Simulator

		d = restart(t, d, path)
		defer func() { d.Stop() }()
		d.Simulator = simulator
		awaitCondition(t, d, probes.ConditionNoRole, time.Second)
		after := d.Status()
		if !after.Since.Equal(before.Since) {
			t.Errorf("since %v became %v", before.Since, after.Since)
		}
		if diff := cmp.Diff(before.Transitions, after.Transitions); diff != "" {
			t.Errorf("transitions: -before +after:\n%s", diff)
		}
		if a, b := before.Vantages[0].Credentials.AccessKeyHash, after.Vantages[0].Credentials.AccessKeyHash; a != b {
			t.Errorf("the same keys hash as %s and then %s", a, b)
		}
		if got := d.Sample(rotationsTotal); got != rotations || got == "0" {
			t.Errorf("%s rotations became %s", rotations, got)
		}
		if diff := cmp.Diff([]agenttest.Event{{Event: "started"}}, d.Events()); diff != "" {
			t.Errorf("a restart is no event: -want +got:\n%s", diff)
		}

		d.Set("healthy")
		awaitCondition(t, d, probes.ConditionHealthy, time.Minute)
		events := d.Events()
		last := events[len(events)-1]
		if last.From != "no_role" || last.To != "healthy" || last.Held < 11*60 {
			t.Errorf("%+v", last)
		}
	})
}

// TestStateKeepsExpiry wants the expiry of the last keys to be known when the
// daemon starts in an outage.
func TestStateKeepsExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "state.json")
		d := agenttest.Start(t, "healthy", withState(path))
		const gauge = `imds_credentials_expiration_timestamp_seconds{vantage="host"}`
		before := d.Sample(gauge)
		d.Set("firewall_drop")
		d = restart(t, d, path)
		defer d.Stop()
		if after := d.Sample(gauge); before == "" || after != before {
			t.Errorf("%q became %q", before, after)
		}
	})
}

// TestStateDuringOutage wants a fault that began while the daemon was down to be
// confirmed as any other.
func TestStateDuringOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "state.json")
		d := agenttest.Start(t, "healthy", withState(path))
		d.Set("no_role")
		d = restart(t, d, path)
		defer d.Stop()
		if got := d.Status().Condition; got != probes.ConditionUnknown {
			t.Errorf("%v before the verdict", got)
		}
		awaitCondition(t, d, probes.ConditionNoRole, 5*time.Second)
		want := []string{"no_role"}
		if diff := cmp.Diff(want, d.Transitions()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// TestStateRestartsAnywhere restarts after each few seconds of a day's trouble,
// as a kill would, from what the file held; no transition may be invented.
func TestStateRestartsAnywhere(t *testing.T) {
	for _, after := range []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second, 5 * time.Second, 31 * time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "state.json")
				d := agenttest.Start(t, "healthy", withState(path))
				time.Sleep(time.Minute)
				d.Set("assume_role_unauthorized")
				time.Sleep(after)
				synctest.Wait()
				held, err := os.ReadFile(path) // what kill -9 would leave
				if err != nil {
					t.Fatal(err)
				}
				simulator := d.Simulator
				d.Stop()
				if err := os.WriteFile(path, held, 0o600); err != nil {
					t.Fatal(err)
				}
				d = agenttest.Start(t, "healthy", func(o *agent.Options) { o.StateFile, o.HTTPClient = path, wire.NewClient(simulator.Dial) })
				defer d.Stop()
				awaitCondition(t, d, probes.ConditionAssumeRoleUnauthorized, 5*time.Second)
				var to []probes.Condition
				for _, tr := range d.Status().Transitions {
					to = append(to, tr.To)
				}
				want := []probes.Condition{probes.ConditionHealthy, probes.ConditionAssumeRoleUnauthorized}
				if diff := cmp.Diff(want, to); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

// TestForeignFiles wants what is no state file to be left as it is, with one warning,
// and the daemon to run all the same.
func TestForeignFiles(t *testing.T) {
	text := func(text string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			t.Helper()
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, put := range map[string]func(t *testing.T, path string){
		"not JSON":     text("\x00\xff"),
		"foreign JSON": text(`{"a": 1}`),
		"list":         text(`[]`),
		"null":         text(`null`),
		"one word":     text(`{`),
		"a folder": func(t *testing.T, path string) {
			t.Helper()
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				path := filepath.Join(dir, "state.json")
				put(t, path)
				before, err := os.Lstat(path)
				if err != nil {
					t.Fatal(err)
				}
				d := agenttest.Start(t, "healthy", withState(path))
				d.Stop()
				after, err := os.Lstat(path)
				if err != nil || !os.SameFile(before, after) || !after.ModTime().Equal(before.ModTime()) {
					t.Errorf("touched: %v, %v before, %v after", err, before, after)
				}
				if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
					t.Errorf("%v beside it: %v", entries, err)
				}
				if n := strings.Count(string(d.Log.Bytes()), "cannot be used"); n != 1 {
					t.Errorf("%d warnings", n)
				}
				if got := d.Status().Condition; got != probes.ConditionHealthy {
					t.Errorf("condition %v", got)
				}
			})
		})
	}
}

// TestStateOthersMayWrite wants a state that somebody else may have made up not to be
// believed, and what replaces it to be ours alone; an empty file is as good as none.
func TestStateOthersMayWrite(t *testing.T) {
	good := goodState(t)
	for name, tc := range map[string]struct {
		text  string
		mode  os.FileMode
		aside bool
	}{
		"of all":          {good, 0o666, true},
		"of a group":      {good, 0o620, true},
		"readable by all": {good, 0o644, false},
		"empty":           {"", 0o600, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "state.json")
				if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(path, tc.mode); err != nil {
					t.Fatal(err)
				}
				d := agenttest.Start(t, "no_role", withState(path))
				time.Sleep(time.Minute)
				d.Stop()
				if _, err := os.Stat(path + ".bad"); (err == nil) != tc.aside {
					t.Errorf("set aside: %v", err)
				}
				if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%v, %v", info.Mode(), err)
				}
			})
		})
	}
}

// TestUnusableStateFiles wants each to be set aside with one warning, and the
// daemon to run all the same.
func TestUnusableStateFiles(t *testing.T) {
	good := goodState(t)
	for name, text := range map[string]string{
		"truncated":     good[:len(good)/2],
		"other version": strings.Replace(good, "state 2", "state 3", 1),
		"other host":    strings.Replace(good, `"machine": "`, `"machine": "0`, 1),
		"no salt":       strings.Replace(good, `"salt": "`, `"salt": "zz`, 1),
		"bad condition": strings.Replace(good, `"condition": "healthy"`, `"condition": "fine"`, 1),
		"two documents": good + good,
		"huge":          good + strings.Repeat(" ", 2<<20),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "state.json")
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				d := agenttest.Start(t, "healthy", withState(path))
				defer d.Stop()
				if aside, err := os.ReadFile(path + ".bad"); err != nil || string(aside) != text {
					t.Errorf("not set aside: %v", err)
				}
				if n := strings.Count(string(d.Log.Bytes()), "cannot be used"); n != 1 {
					t.Errorf("%d warnings", n)
				}
				if got := d.Status().Condition; got != probes.ConditionHealthy {
					t.Errorf("condition %v", got)
				}
			})
		})
	}
}

// goodState returns what a healthy daemon writes.
func goodState(t *testing.T) (text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.json")
	synctest.Test(t, func(t *testing.T) {
		agenttest.Start(t, "healthy", withState(path)).Stop()
	})
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, canary := range imdstest.Canaries() {
		if strings.Contains(string(raw), canary) {
			t.Errorf("the state file holds %s…", canary)
		}
	}
	return string(raw)
}

// TestStateCannotBeWritten wants one warning for a folder that cannot be written
// to, and another only after a write succeeded again.
func TestStateCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "gone")
		path := filepath.Join(dir, "state.json")
		d := agenttest.Start(t, "healthy", withState(path))
		defer d.Stop()
		warnings := func() int { return strings.Count(string(d.Log.Bytes()), "cannot be written") }
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := warnings(); n != 1 {
			t.Errorf("%d warnings for one outage", n)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("not written once it could be: %v", err)
		}
	})
}

// TestStateIsWrittenOnChangeOnly counts by the file's time.
func TestStateIsWrittenOnChangeOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "state.json")
		d := agenttest.Start(t, "healthy", withState(path))
		defer d.Stop()
		before, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		after, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if !os.SameFile(before, after) {
			t.Error("written anew although nothing changed")
		}
	})
}
