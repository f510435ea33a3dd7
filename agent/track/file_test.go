package track_test

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// open opens a state file that must be of use, or not be there.
func open(t *testing.T, path string) (*track.File, track.Saved) {
	t.Helper()
	f, saved, err := track.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return f, saved
}

func save(t *testing.T, f *track.File, s track.Saved) {
	t.Helper()
	if err := f.Save(s); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// some is a state that a tracker might leave.
func some() track.Saved {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return track.Saved{
		Vantages: []track.SavedVantage{{
			Vantage: "host", Condition: probes.ConditionNoRole, Reason: probes.ReasonProfileWithoutRole, Since: at, Transitions: 3, Rotations: 2,
			Known: probes.Known{Identity: probes.Identity{Role: "app"}, AccessKeyHash: "hash", Expiration: at.Add(time.Hour), Born: at},
		}},
		Transitions: []track.Transition{{At: at, Vantage: "host", To: probes.ConditionNoRole, HeldSeconds: 60}},
	}
}

// TestStateComesBack wants what was saved to be read again, with the salt by which its
// hashes were made.
func TestStateComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	f, saved := open(t, path)
	if diff := cmp.Diff(track.Saved{}, saved); diff != "" {
		t.Errorf("of no file: %s", diff)
	}
	save(t, f, some())
	again, saved := open(t, path)
	if diff := cmp.Diff(some(), saved, cmpopts.IgnoreFields(track.Saved{}, "Format", "Machine", "Salt")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if again.Salt() != f.Salt() || saved.Salt != hex.EncodeToString(saltOf(f)) {
		t.Error("another salt")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if other, _ := open(t, filepath.Join(t.TempDir(), "state.json")); other.Salt() == f.Salt() || other.Salt() == (probes.Salt{}) {
		t.Error("the salt of another file is the same, or none")
	}
}

func saltOf(f *track.File) []byte {
	salt := f.Salt()
	return salt[:]
}

// TestNoStateFile wants a daemon without one to keep nothing, and to say nothing of it.
func TestNoStateFile(t *testing.T) {
	t.Chdir(t.TempDir())
	f, saved := open(t, "")
	save(t, f, some())
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 0 || saved.Vantages != nil {
		t.Errorf("%v, %v, %v", entries, err, saved)
	}
}

// TestWrittenOnChange wants the disk to be left alone while nothing changes, also by the
// first write after a restart.
func TestWrittenOnChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	f, _ := open(t, path)
	save(t, f, some())
	before := stat(t, path)
	save(t, f, some())
	again, saved := open(t, path)
	save(t, again, saved)
	if !os.SameFile(before, stat(t, path)) {
		t.Error("written anew although nothing changed")
	}
	changed := some()
	changed.Vantages[0].Rotations++
	save(t, again, changed)
	if _, saved := open(t, path); saved.Vantages[0].Rotations != 3 {
		t.Errorf("a change is not written: %+v", saved.Vantages[0])
	}
}

func stat(t *testing.T, path string) fs.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// TestSaveFails wants a state that cannot be written to leave the file as it was, no
// rest beside it, and the next write to be tried.
func TestSaveFails(t *testing.T) {
	t.Run("no folder", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "folder", "state.json")
		f, _ := open(t, path)
		if err := f.Save(some()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v", err)
		}
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		save(t, f, some())
		stat(t, path)
	})
	t.Run("a folder in its place", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "state.json")
		f, _ := open(t, path)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := f.Save(some()); err == nil {
			t.Error("no error")
		}
		if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
			t.Errorf("%v beside it: %v", entries, err)
		}
	})
	t.Run("a time without a form", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "state.json")
		f, _ := open(t, path)
		save(t, f, some())
		before := read(t, path)
		bad := some()
		bad.Vantages[0].Since = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
		if err := f.Save(bad); err == nil {
			t.Error("no error")
		}
		if after := read(t, path); after != before {
			t.Errorf("it holds %q", after)
		}
	})
}

// TestStateIsSetAside wants a state of ours that is of no use to be kept for people, with
// the reason, and the daemon to begin a new one.
func TestStateIsSetAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	f, _ := open(t, path)
	save(t, f, some())
	torn := strings.TrimSuffix(read(t, path), "}")
	write(t, path, torn)
	f, saved, err := track.OpenFile(path)
	var unusable *track.UnusableError
	if !errors.As(err, &unusable) || unusable.Aside != path+".bad" || unusable.AsideErr != nil || saved.Vantages != nil {
		t.Fatalf("%+v, %v", err, saved)
	}
	if got := err.Error(); !strings.HasPrefix(got, path+": not a state file: ") {
		t.Error(got)
	}
	if read(t, path+".bad") != torn {
		t.Error("what was set aside is another text")
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
	save(t, f, some())
	open(t, path)
}

// TestStateCannotBeSetAside wants that to be told, too.
func TestStateCannotBeSetAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	f, _ := open(t, path)
	save(t, f, some())
	write(t, path, read(t, path)+"{}")
	if err := os.Mkdir(path+".bad", 0o700); err != nil {
		t.Fatal(err)
	}
	_, _, err := track.OpenFile(path)
	var unusable *track.UnusableError
	if !errors.As(err, &unusable) || unusable.AsideErr == nil {
		t.Errorf("%+v", unusable)
	}
}

// TestNoStateOfOurs wants what is no state file to be left alone for good: not moved,
// not read as one, not written to; and a pipe not to hold up the start.
func TestNoStateOfOurs(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"another text": func(path string) error { return os.WriteFile(path, []byte("root:x:0:0\n"), 0o600) },
		"other JSON":   func(path string) error { return os.WriteFile(path, []byte(`{"format":"imds-probe state 2"}`), 0o600) },
		"a folder":     func(path string) error { return os.Mkdir(path, 0o700) },
		"a socket": func(path string) error {
			l, err := net.Listen("unix", path)
			if err != nil {
				return err
			}
			t.Cleanup(func() { _ = l.Close() })
			return nil
		},
		"a pipe":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a device": func(path string) error { return os.Symlink(os.DevNull, path) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.json")
			if err := put(path); err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			f, _, err := track.OpenFile(path)
			var unusable *track.UnusableError
			if !errors.As(err, &unusable) || unusable.Aside != "" || unusable.AsideErr != nil || unusable.Path != path {
				t.Fatalf("%+v", err)
			}
			if special := !before.Mode().IsRegular(); special != (err.Error() == path+": not a regular file") {
				t.Error(err)
			}
			save(t, f, some())
			after, err := os.Lstat(path)
			if err != nil || !os.SameFile(before, after) || after.Size() != before.Size() {
				t.Errorf("touched: %v, %v", after, err)
			}
			if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
				t.Errorf("%v beside it: %v", entries, err)
			}
		})
	}
}

// TestUnreadable wants the system's own reason to come through.
func TestUnreadable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	_, _, err := track.OpenFile(filepath.Join(file, "state.json"))
	if !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("%v", err)
	}
}

// TestEmptyState wants an empty file, as a full disk leaves it, to be as good as none.
func TestEmptyState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	write(t, path, "")
	f, _ := open(t, path)
	save(t, f, some())
	if _, saved := open(t, path); len(saved.Vantages) != 1 {
		t.Errorf("%+v", saved)
	}
}

// TestOpenFileCloses wants no descriptor to stay open: the next one has the number that
// it had before.
func TestOpenFileCloses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	f, _ := open(t, path)
	save(t, f, some())
	before := nextDescriptor(t)
	open(t, path)
	if after := nextDescriptor(t); after > before {
		t.Errorf("the next descriptor was %d and is %d", before, after)
	}
}

func nextDescriptor(t *testing.T) uintptr {
	t.Helper()
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	return file.Fd()
}

// info is a file that belongs to somebody.
type info struct {
	fs.FileInfo
	mode  fs.FileMode
	owner any
}

func (i info) Mode() fs.FileMode { return i.mode }
func (i info) Sys() any          { return i.owner }

// TestOnlyOurs wants nothing to be believed that somebody other than this user and
// root may have written.
func TestOnlyOurs(t *testing.T) {
	const us = 1000
	for name, tc := range map[string]struct {
		info info
		ours bool
	}{
		"ours":                {info{mode: 0o600, owner: &syscall.Stat_t{Uid: us}}, true},
		"readable by all":     {info{mode: 0o644, owner: &syscall.Stat_t{Uid: us}}, true},
		"root's":              {info{mode: 0o600, owner: &syscall.Stat_t{}}, true},
		"writable by a group": {info{mode: 0o620, owner: &syscall.Stat_t{Uid: us}}, false},
		"writable by all":     {info{mode: 0o602, owner: &syscall.Stat_t{Uid: us}}, false},
		"another user's":      {info{mode: 0o600, owner: &syscall.Stat_t{Uid: us + 1}}, false},
		"nobody knows whose":  {info{mode: 0o600}, false},
	} {
		if err := track.OnlyOurs(tc.info, us); (err == nil) != tc.ours {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMachineID wants an id of the host that does not tell the machine's own, whether
// or not a line ends it, and none where there is none.
func TestMachineID(t *testing.T) {
	path := filepath.Join(t.TempDir(), "machine-id")
	write(t, path, "0123456789abcdef0123456789abcdef\n")
	const want = "c2bcfb4a49bcd71a" // printf 'imds-probe 0123456789abcdef0123456789abcdef' | sha256sum | cut -c1-16
	if got := track.MachineID(path); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := track.MachineID(path + ".none"); got != "" {
		t.Errorf("%q of no file", got)
	}
}

// TestDecodeState wants whatever this version did not write on this host to be refused.
func TestDecodeState(t *testing.T) {
	const (
		salt = "00112233445566778899aabbccddeeff"
		good = `{"format":"imds-probe state 2","machine":"host","salt":"` + salt + `","vantages":[],"transitions":[]}`
	)
	with := func(old, replacement string) string { return strings.Replace(good, old, replacement, 1) }
	list := func(n int, item string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
	}
	for name, tc := range map[string]struct{ text, err string }{
		"good":                 {good, ""},
		"as large as may be":   {good + strings.Repeat(" ", track.MaxStateSize-len(good)), ""},
		"larger":               {good + strings.Repeat(" ", track.MaxStateSize-len(good)+1), "too large"},
		"full":                 {with(`"transitions":[]`, `"transitions":`+list(track.MaxTransitions, "{}")), ""},
		"more than full":       {with(`"transitions":[]`, `"transitions":`+list(track.MaxTransitions+1, "{}")), "too many transitions"},
		"torn":                 {good[:len(good)-1], "not a state file: "},
		"a field of a later":   {with(`{`, `{"later":1,`), "not a state file: "},
		"two documents":        {good + good, "not a state file: more than one document"},
		"another version":      {with("state 2", "state 3"), `format "imds-probe state 3" is not "imds-probe state 2"`},
		"another host":         {with(`"host"`, `"other"`), "written on another host"},
		"no salt":              {with(salt, ""), "no salt"},
		"a short salt":         {with(salt, salt[2:]), "no salt"},
		"a long salt":          {with(salt, salt+"00"), "no salt"},
		"no hexadecimal salt":  {with(salt, salt+"g"), "no salt"},
		"no such condition":    {with(`"vantages":[]`, `"vantages":[{"condition":"fine"}]`), "not a state file: "},
		"since without a form": {with(`"vantages":[]`, `"vantages":[{"since":"0000-01-01T00:00:00+01:00"}]`), "a time without a form in UTC"},
		"expiry without one": {
			with(`"vantages":[]`, `"vantages":[{}, {"known":{"expiration":"9999-12-31T23:59:59-01:00"}}]`), "a time without a form in UTC",
		},
		"birth without one": {with(`"vantages":[]`, `"vantages":[{"known":{"keys_born":"0000-01-01T00:00:00+01:00"}}]`), "a time without a form in UTC"},
	} {
		got := ""
		if err := track.DecodeState([]byte(tc.text)); err != nil {
			got = err.Error()
		}
		if (got == "") != (tc.err == "") || !strings.HasPrefix(got, tc.err) {
			t.Errorf("%s: %q, want %q", name, got, tc.err)
		}
	}
}
