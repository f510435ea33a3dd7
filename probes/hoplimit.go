package probes

import (
	"context"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// MaxHops is the highest hop limit that [HopLimit] tells apart.
const MaxHops = 4

// HopLimit measures from the host how many hops the answer to a token PUT
// survives, without a privilege and without a container: the kernel is told to
// drop answers whose IP TTL is below n, so that a PUT times out exactly when the
// instance's hop limit is below n.
//
// It returns the highest n up to [MaxHops] with which a PUT was answered: 1
// means that only the host itself can get a token, 2 that a container one hop
// away can. It is not ok where nothing can be said: the socket option is
// refused, or IMDS is not well.
func HopLimit(ctx context.Context, endpoint string, timeout time.Duration) (hops int, ok bool) {
	for n := 2; n <= MaxHops; n++ {
		switch e := putToken(ctx, endpoint, timeout, n); {
		case e.Status == http.StatusOK && e.Fault == ReasonNone:
		case e.Fault != ReasonAnswerTimeout:
			return 0, false
		default:
			return n - 1, answersToken(ctx, endpoint, timeout)
		}
	}
	return MaxHops, true
}

// answersToken makes sure that a PUT is answered without the option, or the
// time-out with it would mean nothing.
func answersToken(ctx context.Context, endpoint string, timeout time.Duration) bool {
	plain := putToken(ctx, endpoint, timeout, 0)
	return plain.Status == http.StatusOK && plain.Fault == ReasonNone
}

// putToken asks for a token and accepts only answers with a TTL of minTTL or more.
func putToken(ctx context.Context, endpoint string, timeout time.Duration, minTTL int) Exchange {
	d := dialer()
	d.Control = func(network, _ string, c syscall.RawConn) error { return setMinTTL(network, c, minTTL) }
	r := newRecorder(newWire(d.DialContext), Options{Timeout: timeout})
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, strings.TrimSuffix(endpoint, "/")+tokenPath, http.NoBody)
	if err != nil {
		return Exchange{}
	}
	req.Header.Set(tokenTTLHeader, "1")
	if resp, err := r.Do(req); err == nil {
		_ = resp.Body.Close()
	}
	return r.log[0].Exchange
}

// V1Enabled asks whether IMDS answers requests without a session token. AWS
// counts each such request (CloudWatch metric MetadataNoToken). It is not ok
// where nothing can be said: IMDS is not well.
func V1Enabled(ctx context.Context, endpoint string, timeout time.Duration) (enabled, ok bool) {
	r := newRecorder(newWire(dialer().DialContext), Options{Timeout: timeout})
	switch e := getWithoutToken(ctx, r, endpoint); e.Status {
	case http.StatusOK:
		return true, e.Fault == ReasonNone
	case http.StatusUnauthorized:
		return false, e.Fault == ReasonNone
	}
	return false, false
}
