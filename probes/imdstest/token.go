package imdstest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	tokenPath      = "/latest/api/token"                    //nolint:gosec // G101: a path
	tokenHeader    = "X-Aws-Ec2-Metadata-Token"             //nolint:gosec // G101: the name of a header
	tokenTTLHeader = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds" //nolint:gosec // G101: the name of a header
	maxTokenTTL    = 21600
)

// tokens issues session tokens and knows its own again. A token carries its
// expiry, signed, so that none is kept and a long run does not grow.
type tokens struct{ key []byte }

func newTokens() tokens { return tokens{[]byte(rand.Text())} }

// answer answers a request to the token path.
func (t tokens) answer(r request, at moment) answer {
	if r.method != http.MethodPut {
		return errorAnswer(http.StatusMethodNotAllowed, header{"Allow", "OPTIONS, PUT"})
	}
	if r.header.Get("X-Forwarded-For") != "" {
		return errorAnswer(http.StatusForbidden)
	}
	ttl, err := strconv.Atoi(r.header.Get(tokenTTLHeader))
	if err != nil || ttl < 1 || ttl > maxTokenTTL {
		return errorAnswer(http.StatusBadRequest)
	}
	a := textAnswer(t.issue(at.now.Add(time.Duration(ttl)*time.Second)), at.boot)
	a.headers = append(a.headers, header{tokenTTLHeader, strconv.Itoa(ttl)})
	a.isToken = true
	return a
}

// The parts of a token, which has 56 characters: the mark, 27 bytes as Base64,
// and the padding that real tokens end in.
const (
	expirySize   = 8
	contentSize  = expirySize + 3 // what makes it unique
	signedSize   = 27
	tokenPadding = "=="
)

// issue returns a token that is valid until then.
func (t tokens) issue(expires time.Time) string {
	content := make([]byte, contentSize, sha256.Size+contentSize)
	_, _ = rand.Read(content) // never fails
	binary.BigEndian.PutUint64(content, uint64(expires.UnixNano()))
	return t.sign(content)
}

func (t tokens) sign(content []byte) string {
	mac := hmac.New(sha256.New, t.key)
	mac.Write(content)
	return CanarySessionToken + base64.RawURLEncoding.EncodeToString(mac.Sum(content)[:signedSize]) + tokenPadding
}

// check returns for how many seconds a token is valid.
func (t tokens) check(token string, now time.Time) (left string, valid bool) {
	text, _ := strings.CutPrefix(strings.TrimSuffix(token, tokenPadding), CanarySessionToken)
	signed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(signed) != signedSize || t.sign(signed[:contentSize:contentSize]) != token {
		return "", false
	}
	expires := time.Unix(0, int64(binary.BigEndian.Uint64(signed))) //nolint:gosec // G115: as it was issued
	if !now.Before(expires) {
		return "", false
	}
	return strconv.Itoa(int(expires.Sub(now).Seconds())), true
}
