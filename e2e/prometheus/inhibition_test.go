package prometheus_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/imds-probe/imds-probe/probes"
)

// silence is a pair of alerts of which the first keeps the second from being
// notified, where they are so related. Every other pair is notified of both.
type silence struct {
	by, of string
	where  []relation
}

// silences is the whole matrix.
func silences(t *testing.T) (all []silence) {
	t.Helper()
	add := func(by, of string, where ...relation) { all = append(all, silence{by, of, where}) }
	onInstance := []relation{sameVantage, hostToVantage, vantageToHost}
	inProfile := append([]relation{sameProfile}, onInstance...)
	inRegion := append([]relation{sameRegion}, inProfile...)
	inAccount := append([]relation{sameAccount}, inRegion...)

	// One problem is notified once, by the widest scope.
	for _, c := range probes.Conditions() {
		if c == probes.ConditionHealthy {
			continue
		}
		r := ruleOf(t, shippedRules(t), "vantage:imds_condition:current", c)
		many := fmt.Sprintf("%s(%s)/account", manyProfiles, c)
		add(many, r.Alert+"/profile", inAccount...)
		add(many, r.Alert+"/instance", inAccount...)
		add(r.Alert+"/profile", r.Alert+"/instance", inProfile...)
		if c != probes.ConditionUnknown { // each vantage is gone for a reason of its own
			add(r.Alert+"/instance", r.Alert+"/instance", hostToVantage)
		}
	}
	add("IMDSCredentialsExpiring/profile", "IMDSCredentialsExpiring/instance", inProfile...)
	add("IMDSProbesMostlyDown/account", "IMDSProbeDown/instance", inRegion...)

	// Why no new credentials come explains that the old ones expire.
	for _, cause := range []string{
		"IMDSFirewallBlocked", "IMDSHopLimitTooLow", "IMDSDisabled", "IMDSTokenRefused", "IMDSIntercepted", "IMDSError",
		"IMDSNoInstanceProfile", "IMDSInstanceProfileNotFound", "IMDSNoRole", "IMDSAssumeRoleUnauthorized",
		"IMDSCredentialsError", "IMDSCredentialsMalformed", "IMDSCredentialsExpired",
	} {
		add(cause+"/instance", "IMDSCredentialsExpiring/instance", sameVantage)
	}
	// The page takes the place of its own ticket.
	add("IMDSCredentialsExpiring/instance", "IMDSRotationStalled/instance", sameVantage)
	// What an agent that is stuck said last grows old.
	add("IMDSProbeStale/instance", "IMDSCredentialsExpiring/instance", sameVantage)
	add("IMDSThrottled/instance", "IMDSLinkLocalDrops/instance", onInstance...)
	for _, down := range []string{"InstanceDown", "HostDown", "NodeDown"} {
		add(down+"/", "IMDSProbeDown/instance", onInstance...)
	}
	return all
}

// pair is two alerts of a world of their own.
type pair struct {
	name           string
	source, target map[string]string
}

// pairs returns every pair of alerts so related, but for those that an earlier
// relation has: most labels are on alerts of instances only.
func pairs(all []kind, r relation, seen map[string]bool) (pairs []pair) {
	for i, by := range all {
		for j, of := range all {
			from, to := r.places(fmt.Sprintf("%d-%d", i, j))
			p := pair{fmt.Sprintf("%s silences %s: %s", by, of, r), by.labels(from), of.labels(to)}
			if key := fmt.Sprint(p.source, p.target); !seen[key] {
				seen[key] = true
				pairs = append(pairs, p)
			}
		}
	}
	return pairs
}

// judged is how many pairs one Alertmanager judges: the time that it takes grows
// with the square of what it holds.
const judged = 750

// TestInhibitionMatrix has a real Alertmanager judge every pair of alerts, in
// every relation in which they can be.
func TestInhibitionMatrix(t *testing.T) {
	t.Parallel()
	all := kinds(t)
	want := expected(t, all)
	seen := map[string]bool{}
	for _, r := range relations() {
		pairs := pairs(all, r, seen)
		t.Run(string(r), func(t *testing.T) {
			for some := range slices.Chunk(pairs, judged) {
				judge(t, some, want)
			}
		})
	}
}

// judge holds pairs to the matrix.
func judge(t *testing.T, pairs []pair, want map[string]bool) {
	t.Helper()
	var alerts []posted
	for i, p := range pairs {
		p.source["id"], p.target["id"] = "source", strconv.Itoa(i)
		alerts = append(alerts, posted{Labels: p.source}, posted{Labels: p.target})
	}
	alertmanager := startJudge(t)
	alertmanager.post(alerts)
	silent := alertmanager.inhibited()
	for i, p := range pairs {
		if got := silent[strconv.Itoa(i)]; got != want[p.name] {
			t.Errorf("%s: %t, want %t", p.name, got, want[p.name])
		}
	}
}

// expected returns the matrix by the names of pairs.
func expected(t *testing.T, all []kind) map[string]bool {
	t.Helper()
	want, unknown := map[string]bool{}, map[string]bool{}
	for _, s := range silences(t) {
		unknown[s.by], unknown[s.of] = true, true
		for _, r := range s.where {
			want[fmt.Sprintf("%s silences %s: %s", s.by, s.of, r)] = true
		}
	}
	for _, k := range all {
		delete(unknown, k.String())
	}
	if len(unknown) > 0 {
		t.Fatalf("the matrix names alerts that are not there: %v", unknown)
	}
	return want
}

// TestSilencersAreAsUrgent makes sure that no ticket keeps a page back, but where
// the page would be of the past.
func TestSilencersAreAsUrgent(t *testing.T) {
	severity := map[string]string{}
	for _, k := range kinds(t) {
		severity[k.String()] = k.severity
	}
	for _, s := range silences(t) {
		if severity[s.of] == "critical" && severity[s.by] != "critical" && s.by != "IMDSProbeStale/instance" {
			t.Errorf("%s, a %s, silences %s, a page", s.by, severity[s.by], s.of)
		}
	}
}

// story is alerts that fire together, and which of them are notified. An alert that
// is silenced itself goes on silencing others; what is left must tell it all.
type story struct {
	name             string
	firing, notified []string
}

var stories = []story{{
	"a stalled rotation on one instance of a profile, of which others have another problem",
	[]string{"IMDSNoRole/profile", "IMDSRotationStalled/instance", "IMDSCredentialsExpiring/instance"},
	[]string{"IMDSNoRole/profile", "IMDSCredentialsExpiring/instance"},
}, {
	"an instance that shares its profile's problem",
	[]string{"IMDSNoRole/profile", "IMDSNoRole/instance", "IMDSCredentialsExpiring/instance"},
	[]string{"IMDSNoRole/profile"},
}, {
	"a problem of the whole account",
	[]string{"IMDSManyProfiles(imds_disabled)/account", "IMDSDisabled/profile", "IMDSDisabled/instance", "IMDSCredentialsExpiring/instance"},
	[]string{"IMDSManyProfiles(imds_disabled)/account"},
}, {
	"rotation stalled on a whole profile, which becomes a page",
	[]string{"IMDSRotationStalled/profile", "IMDSRotationStalled/instance", "IMDSCredentialsExpiring/profile", "IMDSCredentialsExpiring/instance"},
	[]string{"IMDSRotationStalled/profile", "IMDSCredentialsExpiring/profile"},
}, {
	"a clock that is off and credentials that run out",
	[]string{"IMDSClockSkewed/instance", "IMDSCredentialsExpiring/instance", "IMDSFirewallBlocked/profile"},
	[]string{"IMDSClockSkewed/instance", "IMDSCredentialsExpiring/instance", "IMDSFirewallBlocked/profile"},
}, {
	"a textfile that was left behind",
	[]string{"IMDSProbeStale/instance", "IMDSRotationStalled/instance", "IMDSCredentialsExpiring/instance"},
	[]string{"IMDSProbeStale/instance"},
}, {
	"one agent of a region that lost most, on an instance that is down",
	[]string{"IMDSProbesMostlyDown/account", "IMDSProbeDown/instance", "InstanceDown/"},
	[]string{"IMDSProbesMostlyDown/account", "InstanceDown/"},
}}

// TestInhibitionStories has a real Alertmanager judge what fires together.
func TestInhibitionStories(t *testing.T) {
	t.Parallel()
	byName := map[string]kind{}
	for _, k := range kinds(t) {
		byName[k.String()] = k
	}
	alertmanager := startJudge(t)
	for i, s := range stories {
		at, _ := sameVantage.places(strconv.Itoa(i))
		var alerts []posted
		for _, name := range s.firing {
			k, ok := byName[name]
			if !ok {
				t.Fatalf("%s: there is no alert %s", s.name, name)
			}
			labels := k.labels(at)
			labels["id"] = s.name + ": " + name
			alerts = append(alerts, posted{Labels: labels})
		}
		alertmanager.post(alerts)
	}
	silent := alertmanager.inhibited()
	for _, s := range stories {
		var notified []string
		for _, name := range s.firing {
			if !silent[s.name+": "+name] {
				notified = append(notified, name)
			}
		}
		if diff := cmp.Diff(s.notified, notified, cmpopts.SortSlices(strings.Compare)); diff != "" {
			t.Errorf("%s: -want notified +got:\n%s", s.name, diff)
		}
	}
}
