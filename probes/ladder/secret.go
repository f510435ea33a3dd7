package ladder

import (
	"github.com/imds-probe/imds-probe/probes"
)

// presence notes that a field is there, and decodes nothing of it.
type presence bool

// UnmarshalJSON implements [encoding/json.Unmarshaler].
func (p *presence) UnmarshalJSON(raw []byte) error {
	*p = presence(isFilledString(raw))
	return nil
}

// saltedHash takes the hash of a field without keeping the field.
type saltedHash struct {
	salt probes.Salt
	sum  string
}

// UnmarshalJSON implements [encoding/json.Unmarshaler].
func (h *saltedHash) UnmarshalJSON(raw []byte) error {
	h.sum = ""
	if isFilledString(raw) {
		h.sum = h.salt.Hash(raw[1 : len(raw)-1])
	}
	return nil
}

func isFilledString(raw []byte) bool { return len(raw) > 2 && raw[0] == '"' }
