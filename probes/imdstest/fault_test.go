package imdstest_test

import (
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/probes/imdstest"
)

const idPath = "/latest/meta-data/instance-id"

// TestFaultsCombine wants each of several faults in one answer.
func TestFaultsCombine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := imdstest.New(imdstest.MustFind("imdsv1_enabled").With(
			imdstest.Fault{Path: "meta-data/hostname", Effect: imdstest.Reset},
			imdstest.Fault{Delay: 2 * time.Second},
			imdstest.Fault{Path: "meta-data/*", Delay: 3 * time.Second, Server: "nginx"},
			imdstest.Fault{Path: "meta-data/instance-id", Status: http.StatusServiceUnavailable, Times: 1},
		))
		type outcome struct {
			Reply reply
			Took  time.Duration
		}
		get := func(path string) outcome {
			start := time.Now()
			got, _ := ask(t, sim.Client().Do, "GET", "http://imds"+path, nil)
			return outcome{got, time.Since(start)}
		}
		id := sim.Scenario().Instance.ID
		for i, want := range []outcome{
			{reply{503, "nginx", imdstest.ErrorPage(503)}, 5 * time.Second},
			{reply{200, "nginx", id}, 5 * time.Second},
		} {
			if diff := cmp.Diff(want, get(idPath)); diff != "" {
				t.Errorf("request %d: -want +got:\n%s", i, diff)
			}
		}
		if diff := cmp.Diff(outcome{reply{200, "EC2ws", "dynamic\nmeta-data"}, 2 * time.Second}, get("/latest/")); diff != "" {
			t.Errorf("/latest/: -want +got:\n%s", diff)
		}
		if diff := cmp.Diff(outcome{reply{200, "nginx", id}, 5 * time.Second}, get("//2009-04-04/meta-data/instance-id")); diff != "" {
			t.Errorf("the same path in another tree: -want +got:\n%s", diff)
		}
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://imds/latest/meta-data/hostname", http.NoBody)
		if _, err := sim.Client().Do(req); err == nil || !strings.Contains(err.Error(), "reset") {
			t.Errorf("an effect under a delay: %v", err)
		}
	})
}

// TestFaultHeader sets, replaces and removes a header.
func TestFaultHeader(t *testing.T) {
	sim := imdstest.New(imdstest.MustFind("imdsv1_enabled").With(
		imdstest.Fault{Header: "X-New: new"}, imdstest.Fault{Header: "Content-Type: text/css"}, imdstest.Fault{Header: "Accept-Ranges: "},
	))
	_, header := ask(t, sim.Client().Do, "GET", "http://imds"+idPath, nil)
	want := []string{"new", "text/css", ""}
	if diff := cmp.Diff(want, []string{header.Get("X-New"), header.Get("Content-Type"), header.Get("Accept-Ranges")}); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestFaultShare wants a share of requests to fail: about as many as asked for,
// others by another seed, and the same ones by the same.
func TestFaultShare(t *testing.T) {
	pattern := func(share float64, seed uint64) string {
		sim := imdstest.New(imdstest.MustFind("imdsv1_enabled").With(imdstest.Fault{Share: share, Seed: seed, Status: 503}))
		var b strings.Builder
		for range 1000 {
			got, _ := ask(t, sim.Client().Do, "GET", "http://imds"+idPath, nil)
			b.WriteByte("-x"[got.Status/503])
		}
		return b.String()
	}
	for _, share := range []float64{0.1, 0.5, 1} {
		got := pattern(share, 1)
		if n := float64(strings.Count(got, "x")); n < 1000*share-60 || n > 1000*share+60 {
			t.Errorf("a share of %v: %v of 1000", share, n)
		}
		if again := pattern(share, 1); again != got {
			t.Errorf("a share of %v differs from run to run", share)
		}
		if share < 1 && pattern(share, 2) == got {
			t.Errorf("a share of %v is the same with another seed", share)
		}
	}
}

// TestFaultJitter wants delays between the least and the most, and not all alike.
func TestFaultJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := imdstest.New(imdstest.MustFind("imdsv1_enabled").With(imdstest.Fault{Delay: time.Second, Jitter: time.Second, Seed: 7}))
		seen := map[time.Duration]bool{}
		for range 50 {
			start := time.Now()
			ask(t, sim.Client().Do, "GET", "http://imds"+idPath, nil)
			took := time.Since(start)
			if took < time.Second || took > 2*time.Second {
				t.Errorf("an answer after %v", took)
			}
			seen[took] = true
		}
		if len(seen) < 40 {
			t.Errorf("only %d different delays of 50", len(seen))
		}
	})
}

// TestFaultMatches wants a fault to happen to the requests that it names only.
func TestFaultMatches(t *testing.T) {
	for _, tc := range []struct {
		fault     imdstest.Fault
		mac, macs int
	}{
		{imdstest.Fault{}, 503, 503},
		{imdstest.Fault{Path: "*"}, 503, 503},
		{imdstest.Fault{Path: "meta-data/mac"}, 503, 200},
		{imdstest.Fault{Path: "meta-data/network/*"}, 200, 503},
		{imdstest.Fault{Path: "meta-data/network/"}, 200, 200},
		{imdstest.Fault{Method: "GET", Path: "meta-data/mac"}, 503, 200},
		{imdstest.Fault{Method: "PUT"}, 200, 200},
	} {
		tc.fault.Status = http.StatusServiceUnavailable
		sim := imdstest.New(imdstest.MustFind("imdsv1_enabled").With(tc.fault))
		for path, want := range map[string]int{"mac": tc.mac, "network/interfaces/macs/": tc.macs} {
			if got, _ := ask(t, sim.Client().Do, "GET", "http://imds/latest/meta-data/"+path, nil); got.Status != want {
				t.Errorf("%+v: GET %s: %d, want %d", tc.fault, path, got.Status, want)
			}
		}
	}
}

// TestOnlyWholeFaultsTakeTheSocket wants a fault that refuses some requests only to
// reset them, and one that refuses all to close the socket.
func TestOnlyWholeFaultsTakeTheSocket(t *testing.T) {
	for _, tc := range []struct {
		fault   imdstest.Fault
		refused bool
	}{
		{imdstest.Fault{}, true},
		{imdstest.Fault{Path: "*"}, true},
		{imdstest.Fault{Method: "GET"}, false},
		{imdstest.Fault{Path: "meta-data/*"}, false},
		{imdstest.Fault{Share: 1}, false},
		{imdstest.Fault{Times: 1}, false},
	} {
		tc.fault.Effect = imdstest.Refuse
		imds := imdstest.Start(t, "imdsv1_enabled", tc.fault)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		_, err := client.Get(imds.URL() + idPath)
		if err == nil || errors.Is(err, syscall.ECONNREFUSED) != tc.refused {
			t.Errorf("%+v: %v, want refused: %t", tc.fault, err, tc.refused)
		}
	}
}

// TestAdvance lets the simulator's time pass, and only that: session tokens end,
// credentials are renewed on their schedule, and the Date moves.
func TestAdvance(t *testing.T) {
	sc := imdstest.MustFind("healthy")
	sc.Instance.Profile.Keys.Every, sc.Instance.Profile.Keys.Lifetime = 10*time.Minute, 15*time.Minute
	sim := imdstest.New(sc)
	b := browse(t, sim)
	const path = "/latest/meta-data/iam/security-credentials/app"
	first := b.text(path)
	sim.Advance(9 * time.Minute)
	if b.text(path) != first {
		t.Error("the credentials were renewed before their time")
	}
	sim.Advance(time.Minute)
	second, header := b.get(path)
	if second.Body == first || second.Status != http.StatusOK {
		t.Errorf("not renewed after 10 min: %d", second.Status)
	}
	date, err := http.ParseTime(header.Get("Date"))
	if ahead := time.Until(date).Round(time.Minute); err != nil || ahead != 10*time.Minute {
		t.Errorf("Date is %v ahead, %v", ahead, err)
	}
	sim.Advance(6 * time.Hour)
	if got, _ := b.get(path); got.Status != http.StatusUnauthorized {
		t.Errorf("the session token after 6 h: %d", got.Status)
	}
}
