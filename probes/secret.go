package probes

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"runtime"
)

// Salt keeps hashes of access keys from being compared with anybody else's.
type Salt [16]byte

// NewSalt returns a random salt.
func NewSalt() (s Salt) {
	_, _ = rand.Read(s[:]) // never fails: it ends the process instead
	return s
}

// presence notes that a field is there, and decodes nothing of it.
type presence bool

// UnmarshalJSON implements [encoding/json.Unmarshaler].
func (p *presence) UnmarshalJSON(raw []byte) error {
	*p = presence(isFilledString(raw))
	return nil
}

// saltedHash takes the hash of a field without keeping the field.
type saltedHash struct {
	salt Salt
	sum  string
}

// UnmarshalJSON implements [encoding/json.Unmarshaler].
func (h *saltedHash) UnmarshalJSON(raw []byte) error {
	h.sum = ""
	if isFilledString(raw) {
		h.sum = hashOf(h.salt, raw[1:len(raw)-1])
	}
	return nil
}

func isFilledString(raw []byte) bool { return len(raw) > 2 && raw[0] == '"' }

// hashOf hashes salt and key. Their sum is padded to whole blocks of the hash,
// so that it is consumed in place: a rest would be copied into the hash's own
// buffer and stay there.
func hashOf(salt Salt, key []byte) string {
	var blocks [4 * sha256.BlockSize]byte
	copy(blocks[:], salt[:])
	copy(blocks[len(salt):], key)
	h := sha256.New()
	h.Write(blocks[:])
	clear(blocks[:])
	runtime.KeepAlive(&blocks)
	return hex.EncodeToString(h.Sum(nil)[:8])
}
