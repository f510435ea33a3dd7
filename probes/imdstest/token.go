package imdstest

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"time"
)

const (
	tokenHeader    = "X-Aws-Ec2-Metadata-Token"             //nolint:gosec // G101: the name of a header
	tokenTTLHeader = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds" //nolint:gosec // G101: the name of a header
	maxTokenTTL    = 21600
)

// tokens holds the session tokens given out, with their expiry.
type tokens map[string]time.Time

// answer answers a request to the token path.
func (t tokens) answer(r request, now, boot time.Time) answer {
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
	a := textAnswer(t.issue(now, time.Duration(ttl)*time.Second), boot)
	a.headers = append(a.headers, header{tokenTTLHeader, strconv.Itoa(ttl)})
	a.isToken = true
	return a
}

// issue returns a new token of 56 characters, and forgets expired ones.
func (t tokens) issue(now time.Time, ttl time.Duration) string {
	for token, expires := range t {
		if !now.Before(expires) {
			delete(t, token)
		}
	}
	token := (CanarySessionToken + rand.Text() + rand.Text())[:54] + "=="
	t[token] = now.Add(ttl)
	return token
}

// check returns for how many seconds a token is valid.
func (t tokens) check(token string, now time.Time) (left string, valid bool) {
	expires, known := t[token]
	if !known || !now.Before(expires) {
		return "", false
	}
	return strconv.Itoa(int(expires.Sub(now).Seconds())), true
}
