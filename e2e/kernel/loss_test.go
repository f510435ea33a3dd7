package kernel_test

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	lossyRounds  = 200
	lossyDaemons = 4
)

// TestPacketLoss loses 5 % of the packets of both directions, and wants 200 rounds to
// change no condition. The daemons share the rounds, so that it does not take the
// quarter of an hour that one alone would.
func TestPacketLoss(t *testing.T) {
	t.Parallel()
	w := newRouted(t)
	w.simulate(t)
	var daemons []*daemon
	for i := range lossyDaemons {
		daemons = append(daemons, start(t, w.host, families[i%len(families)].flag()))
	}
	for _, d := range daemons {
		d.started(t)
	}
	w.router.nft(t, "forward", "tcp dport 80 numgen random mod 100 < 5 counter drop", "tcp sport 80 numgen random mod 100 < 5 counter drop")
	blips := 0
	for _, d := range daemons {
		d.awaitRounds(t, "host", lossyRounds/lossyDaemons, 3*time.Minute)
		w.assertNothingFlipped(t, d)
		blips += d.count("blip")
	}
	lost := w.router.dropped(t)
	w.router.nft(t, "")
	failures := 0
	for _, d := range daemons {
		assertNoFlapping(t, d, 1)
		failures += d.failures(t)
	}
	t.Logf("%d rounds with 5 %% loss each way, %d packets: %d blips, %d failed probes, no change of condition", lossyRounds, lost, blips, failures)
	if lost < lossyRounds || failures < blips || blips > lossyRounds/20 {
		t.Errorf("%d packets were lost, %d blips logged and %d failed probes counted", lost, blips, failures)
	}
}

func (w *world) assertNothingFlipped(t *testing.T, d *daemon) {
	t.Helper()
	if n := d.count("condition_changed"); n != 1 {
		t.Errorf("the condition changed %d times, want once, at start", n)
	}
}

// failures sums imds_probe_failures_total.
func (d *daemon) failures(t *testing.T) (sum int) {
	t.Helper()
	for _, probe := range []string{"token", "hostname", "iam", "iam_info", "role_list", "role_credentials"} {
		value := d.metric(t, `imds_probe_failures_total{probe="`+probe+`",vantage="host"}`)
		n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += int(n)
	}
	return sum
}
