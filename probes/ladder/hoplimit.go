package ladder

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// maxHops is the highest hop limit that [HopLimit] tells apart.
const maxHops = 4

// HopLimit measures from the host how many hops the answer to a token PUT
// survives, without a privilege and without a container: the kernel is told to
// drop answers whose IP TTL is below n, so that a PUT times out exactly when the
// instance's hop limit is below n.
//
// It returns the highest n up to [maxHops] with which a PUT was answered: 1
// means that only the host itself can get a token, 2 that a container one hop
// away can. It is not ok where nothing can be said: the socket option is
// refused, IMDS is not well, or somebody else answers in its place.
func HopLimit(ctx context.Context, endpoint string, timeout time.Duration) (hops int, ok bool) {
	m := hopMeter{endpoint, timeout}
	for n := 2; n <= maxHops; n++ {
		if survives, ok := m.survives(ctx, n); !ok || !survives {
			return n - 1, ok
		}
	}
	return maxHops, true
}

// hopMeter asks whether answers to token PUTs survive a number of hops.
type hopMeter struct {
	endpoint string
	timeout  time.Duration
}

// survives tells whether answers arrive with a TTL of n or more. That they do not
// is believed only of an IMDS that answers in between: a PUT that times out with
// the option, is answered without it, and times out with it again.
func (m hopMeter) survives(ctx context.Context, n int) (yes, ok bool) {
	for _, minTTL := range []int{n, 0, n} {
		switch e := putToken(ctx, m.endpoint, m.timeout, minTTL); {
		case isToken(e) && minTTL == n:
			return true, true
		case isToken(e), e.Fault == probes.ReasonAnswerTimeout && minTTL == n:
		default:
			return false, false
		}
	}
	return false, true
}

// isToken tells whether a PUT was answered by IMDS itself.
func isToken(e probes.Exchange) bool {
	return e.Status == http.StatusOK && e.Fault == probes.ReasonNone && probes.Policy{}.IsIMDS(e)
}

// putToken asks for a token and accepts only answers with a TTL of minTTL or more.
func putToken(ctx context.Context, endpoint string, timeout time.Duration, minTTL int) probes.Exchange {
	r := newRecorder(wire.NewClient(wire.DialMinTTL(minTTL)), Options{Timeout: timeout})
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, strings.TrimSuffix(endpoint, "/")+tokenPath, http.NoBody)
	if err != nil {
		return probes.Exchange{}
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
	r := newRecorder(wire.NewClient(wire.DialMinTTL(0)), Options{Timeout: timeout})
	e := getWithoutToken(ctx, r, endpoint)
	whole := e.Fault == probes.ReasonNone && probes.Policy{}.IsIMDS(e)
	switch e.Status {
	case http.StatusOK:
		return true, whole
	case http.StatusUnauthorized:
		return false, whole
	}
	return false, false
}
