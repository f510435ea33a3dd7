package prometheus_test

import (
	"regexp"
	"strings"
	"testing"
)

// kind is one sort of alert: what differs from alert to alert of it is only
// where it fires.
type kind struct{ alert, scope, severity, condition string }

// String names the kind; the condition of all alerts but one is in their name.
func (k kind) String() string {
	if k.alert == manyProfiles {
		return k.alert + "(" + k.condition + ")/" + k.scope
	}
	return k.alert + "/" + k.scope
}

const manyProfiles = "IMDSManyProfiles"

// conditionOf matches the conditions in the expressions of alerts that have a label
// "condition".
var conditionOf = regexp.MustCompile(`(?:vantage:imds_condition:current|profile:imds_instances:count)\{condition=~?"([a-z_|]+)"`)

// kinds returns every kind of alert that the rules can make, and those of other
// people that the shipped configuration knows by name.
func kinds(t *testing.T) (all []kind) {
	t.Helper()
	for _, r := range shippedRules(t) {
		k := kind{alert: r.Alert, scope: r.Labels["scope"], severity: r.Labels["severity"]}
		conditions := []string{""}
		if m := conditionOf.FindStringSubmatch(r.Expr); m != nil {
			conditions = strings.Split(m[1], "|")
		}
		for _, k.condition = range conditions {
			all = append(all, k)
		}
	}
	for _, name := range []string{"InstanceDown", "HostDown", "NodeDown"} {
		all = append(all, kind{alert: name, severity: "critical"})
	}
	return all
}

// place is where an alert fires.
type place map[string]string

// labels returns those that the rules give an alert of the kind at a place.
func (k kind) labels(at place) map[string]string {
	labels := map[string]string{"alertname": k.alert, "severity": k.severity, "scope": k.scope, "condition": k.condition}
	var of []string
	switch {
	case k.scope == "": // somebody else's
		of = []string{"instance"}
	case k.scope == "profile":
		of = []string{"account_id", "profile"}
	case k.alert == manyProfiles:
		of = []string{"account_id"}
	case k.scope == "account":
		of = []string{"job", "account_id", "region"}
	case k.condition != "", k.alert == "IMDSCredentialsExpiring":
		of = []string{"job", "instance", "account_id", "region", "profile", "vantage"}
	case k.alert == "IMDSProbeStale":
		of = []string{"job", "instance", "account_id", "region", "vantage"}
	default:
		of = []string{"job", "instance", "account_id", "region"}
	}
	for _, name := range of {
		labels[name] = at[name]
	}
	for name, value := range labels {
		if value == "" { // as Prometheus has it
			delete(labels, name)
		}
	}
	return labels
}

// relation says how the place of one alert lies to that of another.
type relation string

const (
	sameVantage   relation = "the same vantage"
	hostToVantage relation = "from the host to another vantage"
	vantageToHost relation = "from another vantage to the host"
	sameProfile   relation = "another instance of the profile"
	sameRegion    relation = "another profile of the account and region"
	sameAccount   relation = "another region of the account"
	otherAccount  relation = "another account"
	unlabelled    relation = "another instance, neither of known account, region and profile"
)

// relations returns all of them, with the places of both alerts. All values carry
// the mark of a world of their own.
func relations() []relation {
	return []relation{sameVantage, hostToVantage, vantageToHost, sameProfile, sameRegion, sameAccount, otherAccount, unlabelled}
}

func (r relation) places(world string) (by, of place) {
	home := func() place {
		return place{
			"job": "imds-probe", "account_id": "account-" + world, "region": "region-" + world,
			"profile": "profile-" + world, "instance": "instance-" + world, "vantage": "host",
		}
	}
	by, of = home(), home()
	other := func(names ...string) {
		for _, name := range names {
			of[name] = "other-" + of[name]
		}
	}
	switch r {
	case sameVantage:
	case hostToVantage:
		other("vantage")
	case vantageToHost:
		by["vantage"] = "other-host"
	case sameProfile:
		other("instance")
	case sameRegion:
		other("instance", "profile")
	case sameAccount:
		other("instance", "region", "profile")
	case otherAccount:
		other("instance", "profile", "account_id", "region")
	case unlabelled:
		other("instance")
		for _, name := range []string{"account_id", "region", "profile"} {
			by[name], of[name] = "", ""
		}
	}
	return by, of
}
