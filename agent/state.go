package agent

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
	"slices"
	"time"

	"github.com/google/renameio/v2"
	"go.uber.org/zap"

	"github.com/imds-probe/imds-probe/probes"
)

// stateFormat marks a state file, with the version of its shape.
const stateFormat = "imds-probe state 1"

// maxStateSize limits what is read of a state file; a full one has some 20 KiB.
const maxStateSize = 1 << 20

// savedState is what the state file holds, so that a restart keeps since when
// a condition has lasted, the rotations and the last known expiry. It holds no
// secret.
type savedState struct {
	Format string `json:"format"`
	// Machine identifies the host, so that the file of an image is not taken over.
	Machine     string         `json:"machine"`
	Salt        string         `json:"salt"`
	Vantages    []savedVantage `json:"vantages"`
	Transitions []Transition   `json:"transitions"`
}

type savedVantage struct {
	Vantage     string           `json:"vantage"`
	Condition   probes.Condition `json:"condition"`
	Reason      probes.Reason    `json:"reason"`
	Since       time.Time        `json:"since"`
	Transitions int              `json:"transitions"`
	Rotations   int              `json:"rotations"`

	ProfileARN    string        `json:"instance_profile_arn"`
	ProfileID     string        `json:"instance_profile_id"`
	Role          string        `json:"role"`
	AccessKeyHash string        `json:"access_key_hash"`
	Expiration    time.Time     `json:"expiration"`
	KeysBorn      time.Time     `json:"keys_born"`
	Absent        bool          `json:"absent"`
	OldKeys       string        `json:"old_keys"`
	Changed       probes.Reason `json:"changed"`
}

func (v savedVantage) known() probes.Known {
	life := probes.Life{}
	if !v.KeysBorn.IsZero() && v.Expiration.After(v.KeysBorn) {
		life = probes.Life{Born: v.KeysBorn, Expires: v.Expiration}
	}
	return probes.Known{
		Life:       life,
		ProfileARN: v.ProfileARN, ProfileID: v.ProfileID, Role: v.Role, AccessKeyHash: v.AccessKeyHash,
		Expiration: v.Expiration, Absent: v.Absent, OldKeys: v.OldKeys, Changed: v.Changed,
	}
}

// unwritable tells whether a time could not be written as JSON again: read at
// another offset, it may leave the years that JSON has a form for.
func (v savedVantage) unwritable() bool {
	return slices.ContainsFunc([]time.Time{v.Since, v.Expiration, v.KeysBorn}, func(t time.Time) bool {
		return !probes.HasFormInUTC(t)
	})
}

// stateFile keeps the state on disk. The zero value, without a path, keeps none.
type stateFile struct {
	path    string
	machine string
	salt    probes.Salt
	log     *zap.Logger

	written []byte // what the file holds
	failed  bool   // the last write; one warning is enough
}

// openState reads the state file. One that cannot be used is set aside with a
// warning: nothing of it is worth not starting for.
func openState(path string, log *zap.Logger) (*stateFile, savedState) {
	f := &stateFile{path: path, machine: machineID(), salt: probes.NewSalt(), log: log}
	if path == "" {
		return f, savedState{}
	}
	text, err := readLimited(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, savedState{}
	}
	var state savedState
	if err == nil {
		state, err = decodeState(text, f.machine)
	}
	if err != nil {
		f.setAside(err)
		return f, savedState{}
	}
	f.written = text
	copy(f.salt[:], unhex(state.Salt))
	return f, state
}

func readLimited(path string) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // G304: the operator's own flag
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxStateSize+1))
}

// decodeState refuses whatever this version of the daemon did not write on this
// host.
func decodeState(text []byte, machine string) (s savedState, err error) {
	if len(text) > maxStateSize {
		return s, errors.New("too large")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return savedState{}, fmt.Errorf("not a state file: %w", err)
	}
	switch {
	case decoder.More():
		return savedState{}, errors.New("not a state file: more than one document")
	case s.Format != stateFormat:
		return savedState{}, fmt.Errorf("format %q is not %q", s.Format, stateFormat)
	case s.Machine != machine:
		return savedState{}, errors.New("written on another host")
	case len(unhex(s.Salt)) != len(probes.Salt{}):
		return savedState{}, errors.New("no salt")
	case len(s.Transitions) > maxTransitions:
		return savedState{}, errors.New("too many transitions")
	case slices.ContainsFunc(s.Vantages, savedVantage.unwritable):
		return savedState{}, errors.New("a time without a form in UTC")
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

// setAside keeps an unusable file for people to look at.
func (f *stateFile) setAside(why error) {
	aside := f.path + ".bad"
	err := os.Rename(f.path, aside)
	f.log.Warn("the state file cannot be used; starting without", zap.String("path", f.path),
		zap.String("why", why.Error()), zap.String("set_aside_as", aside), zap.NamedError("set_aside_error", err))
}

// save writes the state if it differs from what the file holds. A failure is
// told once, and tried again with the next round.
func (f *stateFile) save(s savedState) {
	if f.path == "" {
		return
	}
	s.Format, s.Machine, s.Salt = stateFormat, f.machine, hex.EncodeToString(f.salt[:])
	text, err := json.MarshalIndent(s, "", "  ")
	if err == nil && !bytes.Equal(text, f.written) {
		err = renameio.WriteFile(f.path, text, 0o600)
	}
	if err == nil {
		f.written, f.failed = text, false
		return
	}
	if !f.failed {
		f.log.Warn("the state file cannot be written; going on without", zap.String("path", f.path), zap.Error(err))
	}
	f.failed = true
}

// machineID identifies the host without telling its machine id (machine-id(5)
// asks for that); it is empty where there is none.
func machineID() string {
	id, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(append([]byte("imds-probe "), bytes.TrimSpace(id)...))
	return hex.EncodeToString(sum[:8])
}

// saved returns what the state file keeps of the tracker.
func (t *Tracker) saved() savedState {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := savedState{Vantages: []savedVantage{}, Transitions: append([]Transition{}, t.transitions...)}
	for _, v := range t.vantages {
		if v.resume != nil && !v.Judged {
			s.Vantages = append(s.Vantages, *v.resume)
			continue
		}
		s.Vantages = append(s.Vantages, savedVantage{
			Vantage: v.Vantage, Condition: v.Diagnosis.Condition, Reason: v.Diagnosis.Reason, Since: v.Since.UTC(),
			Transitions: v.Transitions, Rotations: v.Rotations,
			ProfileARN: v.Known.ProfileARN, ProfileID: v.Known.ProfileID, Role: v.Known.Role,
			AccessKeyHash: v.Known.AccessKeyHash, Expiration: v.Known.Expiration.UTC(), Absent: v.Known.Absent,
			KeysBorn: v.Known.Life.Born.UTC(), OldKeys: v.Known.OldKeys, Changed: v.Known.Changed,
		})
	}
	return s
}

// resume takes over what an earlier run knew. Until the first round, the
// condition is unknown all the same.
func (t *Tracker) resume(s savedState) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.transitions = s.Transitions
	for _, v := range t.vantages {
		for _, old := range s.Vantages {
			if old.Vantage != v.Vantage {
				continue
			}
			if old.Since.After(t.start) {
				old.Since = t.start // the clock was set back
			}
			v.resume, v.Known = &old, old.known()
			v.Transitions, v.Rotations = max(0, old.Transitions), max(0, old.Rotations)
		}
	}
}
