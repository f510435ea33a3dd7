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

// Hash returns the salted hash of an access key's id. What is hashed is padded to
// whole blocks of the hash, so that it is consumed in place: a rest would be copied
// into the hash's own buffer and stay there.
func (s Salt) Hash(key []byte) string {
	var blocks [4 * sha256.BlockSize]byte
	copy(blocks[:], s[:])
	copy(blocks[len(s):], key)
	h := sha256.New()
	h.Write(blocks[:])
	clear(blocks[:])
	runtime.KeepAlive(&blocks)
	return hex.EncodeToString(h.Sum(nil)[:8])
}
