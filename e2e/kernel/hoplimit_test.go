package kernel_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"
)

const hopLimitSeries = "imds_token_hop_limit_min"

// TestHopLimit raises IMDS's hop limit, and looks from next to it (the router)
// and from behind a router (the host): what a token's answer survives is measured
// on both, and the host gets a token from 2 on.
func TestHopLimit(t *testing.T) {
	t.Parallel()
	w := newRouted(t)
	for limit := 1; limit <= 4; limit++ {
		t.Run(strconv.Itoa(limit), func(t *testing.T) {
			w.simulate(t, fmt.Sprintf("--hop-limit=%d", limit))
			var near, far []*daemon
			for _, f := range families {
				near = append(near, start(t, w.router, f.flag()))
				far = append(far, start(t, w.host, f.flag()))
			}
			for _, f := range families {
				assertVerdict(t, w.router, f, healthy)
				assertVerdict(t, w.host, f, farVerdict(limit))
			}
			for _, d := range near {
				d.awaitMetric(t, hopLimitSeries, strconv.Itoa(limit), 20*time.Second)
			}
			for _, d := range far {
				if limit == 1 {
					d.await(t, "host", farVerdict(limit), 15*time.Second)
					d.awaitRounds(t, "host", 1, 10*time.Second)
					if got := d.metric(t, hopLimitSeries); got != "" {
						t.Errorf("measured %s from where no token can be got", got)
					}
					continue
				}
				d.awaitMetric(t, hopLimitSeries, strconv.Itoa(limit-1), 20*time.Second)
			}
		})
	}
}

// farVerdict is what a host one hop further sees.
func farVerdict(limit int) verdict {
	if limit == 1 {
		return verdict{"hop_limit_too_low", "token_answer_lost"}
	}
	return healthy
}

func assertVerdict(t *testing.T, n netns, f family, want verdict) {
	t.Helper()
	r, code := check(t, n, f.flag())
	wantCode := 0
	if want != healthy {
		wantCode = 2
	}
	if got := r.verdicts()["host"]; got != want || code != wantCode {
		t.Errorf("%s %s: check exits with %d and sees %v; want %d and %v", n, f, code, got, wantCode, want)
	}
}
