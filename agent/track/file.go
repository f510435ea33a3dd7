package track

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/google/renameio/v2"

	"github.com/imds-probe/imds-probe/probes"
)

// stateFormat marks a state file, with the version of its shape.
const stateFormat = "imds-probe state 2"

// maxStateSize limits what is read of a state file; a full one has some 20 KiB.
const maxStateSize = 1 << 20

// File keeps the state on disk. Without a path it keeps none.
type File struct {
	path    string
	machine string
	salt    probes.Salt
	written []byte // what the file holds
}

// UnusableError says why a state file is not taken over, and where it was set aside.
type UnusableError struct {
	Path string
	Why  error
	// Aside is empty for what is no state file: that is left as it is, and no state is
	// kept.
	Aside string
	// AsideErr is why it could not be set aside; nil if it was.
	AsideErr error
}

func (e *UnusableError) Error() string { return e.Path + ": " + e.Why.Error() }

// Unwrap returns why the file is not taken over.
func (e *UnusableError) Unwrap() error { return e.Why }

// OpenFile reads the state file at path. One that cannot be used is set aside, and what
// is no state file is neither touched nor written, which an [*UnusableError] says beside
// a file: nothing of it is worth not starting for.
func OpenFile(path string) (*File, Saved, error) {
	f := &File{path: path, machine: machineID(machineIDFile), salt: probes.NewSalt()}
	text, err := readState(path) // "" does not exist, either
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 {
		return f, Saved{}, nil
	}
	var state Saved
	if err == nil {
		state, err = decodeState(text, f.machine)
	}
	if err != nil {
		return f, Saved{}, f.refuse(text, err)
	}
	f.written = text
	copy(f.salt[:], unhex(state.Salt))
	return f, state, nil
}

// stateBegins is how every state file begins, of whatever version.
const stateBegins = "{\n  \"format\": \"imds-probe state "

// refuse sets a state file aside, and leaves alone what is none.
func (f *File) refuse(text []byte, why error) error {
	refused := &UnusableError{Path: f.path, Why: why}
	if !bytes.HasPrefix(text, []byte(stateBegins)) {
		f.path = ""
		return refused
	}
	refused.Aside = f.path + ".bad"
	refused.AsideErr = os.Rename(f.path, refused.Aside)
	return refused
}

// Salt is the salt of the access key hashes that the file holds, or a new one.
func (f *File) Salt() probes.Salt { return f.salt }

// Save writes the state if it differs from what the file holds.
func (f *File) Save(s Saved) error {
	if f.path == "" {
		return nil
	}
	s.Format, s.Machine, s.Salt = stateFormat, f.machine, hex.EncodeToString(f.salt[:])
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil || bytes.Equal(text, f.written) {
		return err
	}
	if err := replace(f.path, text); err != nil {
		return err
	}
	f.written = text
	return nil
}

// replace puts a new file, of ours alone, in the place of an old one, whoever could
// read or write that.
func replace(path string, text []byte) error {
	file, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithStaticPermissions(0o600))
	if err != nil {
		return err
	}
	defer func() { _ = file.Cleanup() }()
	if _, err := file.Write(text); err != nil {
		return err
	}
	return file.CloseAtomicallyReplace()
}

// readState reads a regular file, of which nothing is believed if others may write it.
// It opens nothing else, for a FIFO would hold up the start until somebody writes.
func readState(path string) ([]byte, error) {
	if err := isRegular(os.Stat(path)); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // G304: the operator's own flag
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err := isRegular(info, err); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxStateSize+1))
	if err == nil {
		err = onlyOurs(info, os.Geteuid())
	}
	return text, err
}

func isRegular(info fs.FileInfo, err error) error {
	if err == nil && !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	return err
}

// decodeState refuses whatever this version of the daemon did not write on this
// host.
func decodeState(text []byte, machine string) (s Saved, err error) {
	if len(text) > maxStateSize {
		return Saved{}, errors.New("too large")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return Saved{}, fmt.Errorf("not a state file: %w", err)
	}
	switch {
	case decoder.More():
		return Saved{}, errors.New("not a state file: more than one document")
	case s.Format != stateFormat:
		return Saved{}, fmt.Errorf("format %q is not %q", s.Format, stateFormat)
	case s.Machine != machine:
		return Saved{}, errors.New("written on another host")
	case len(unhex(s.Salt)) != len(probes.Salt{}):
		return Saved{}, errors.New("no salt")
	case len(s.Transitions) > maxTransitions:
		return Saved{}, errors.New("too many transitions")
	case slices.ContainsFunc(s.Vantages, SavedVantage.unwritable):
		return Saved{}, errors.New("a time without a form in UTC")
	}
	return s, nil
}

// unhex decodes hexadecimal digits; it is nil for anything else.
func unhex(text string) []byte {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil
	}
	return raw
}

// machineIDFile is where systemd keeps the machine id: machine-id(5).
const machineIDFile = "/etc/machine-id"

// machineID identifies the host without telling its machine id (machine-id(5)
// asks for that); it is empty where there is none.
func machineID(path string) string {
	id, err := os.ReadFile(path) //nolint:gosec // G304: of the system
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(append([]byte("imds-probe "), bytes.TrimSpace(id)...))
	return hex.EncodeToString(sum[:8])
}
