package ladder

import (
	"context"
	"net/http"
	"strings"

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
// It returns the highest n up to 4 with which a PUT was answered: 1 means that only
// the host itself can get a token, 2 that a container one hop away can. It is 0 where
// nothing can be said: the socket option is refused, IMDS is not healthy, or something
// else answers in its place. Of the options it uses endpoint, time-out and policy; the
// exchanges are those that it made.
func HopLimit(ctx context.Context, o Options) (hops int, made []probes.Exchange) {
	m := meter{options: o}
	for n := 2; n <= maxHops; n++ {
		if survives, ok := m.survives(ctx, n); !ok {
			return 0, m.made
		} else if !survives {
			return n - 1, m.made
		}
	}
	return maxHops, m.made
}

// V1Enabled asks whether IMDS answers requests without a session token. AWS
// counts each such request (CloudWatch metric MetadataNoToken). It is not ok
// where nothing can be said: IMDS is not healthy. Of the options it uses endpoint,
// time-out and policy; the exchange is the one that it made.
func V1Enabled(ctx context.Context, o Options) (enabled, ok bool, made probes.Exchange) {
	e := getWithoutToken(ctx, newRecorder(wire.NewClient(wire.DialMinTTL(0)), o), o.Endpoint)
	whole := e.Fault == probes.ReasonNone && o.Policy.IsIMDS(e)
	switch e.Status {
	case http.StatusOK:
		return true, whole, e
	case http.StatusUnauthorized:
		return false, whole, e
	}
	return false, false, e
}

// meter asks whether answers to token PUTs survive a number of hops.
type meter struct {
	options Options
	made    []probes.Exchange
}

// survives tells whether answers arrive with a TTL of n or more. That they do not
// is believed only of an IMDS that answers in between: a PUT that times out with
// the option, is answered without it, and times out with it again.
func (m *meter) survives(ctx context.Context, n int) (yes, ok bool) {
	for _, minTTL := range []int{n, 0, n} {
		switch e := m.putToken(ctx, minTTL); {
		case m.isToken(e) && minTTL == n:
			return true, true
		case m.isToken(e), e.Fault == probes.ReasonAnswerTimeout && minTTL == n:
		default:
			return false, false
		}
	}
	return false, true
}

// isToken tells whether a PUT was answered by IMDS itself.
func (m *meter) isToken(e probes.Exchange) bool {
	return e.Status == http.StatusOK && e.Fault == probes.ReasonNone && m.options.Policy.IsIMDS(e)
}

// putToken asks for a token and accepts only answers with a TTL of minTTL or more.
func (m *meter) putToken(ctx context.Context, minTTL int) probes.Exchange {
	r := newRecorder(wire.NewClient(wire.DialMinTTL(minTTL)), m.options)
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, strings.TrimSuffix(m.options.Endpoint, "/")+tokenPath, http.NoBody)
	if err != nil {
		return probes.Exchange{}
	}
	req.Header.Set(tokenTTLHeader, "1")
	if resp, err := r.Do(req); err == nil {
		_ = resp.Body.Close()
	}
	m.made = append(m.made, r.log[0].Exchange)
	return r.log[0].Exchange
}
