package prometheus_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/probes"
)

// panel is what matters of a panel here.
type panel struct {
	dashboard   string
	Type, Title string
	FieldConfig struct{ Defaults struct{ NoValue string } }
	Targets     []struct{ Expr string }
}

// panels returns the panels of all dashboards that have a query.
func panels(t *testing.T) (all []panel) {
	t.Helper()
	for _, name := range []string{"fleet", "instance"} {
		var dashboard struct{ Panels []panel }
		decode(t, []byte(deployed(t, "grafana/"+name+".json")), &dashboard)
		for _, p := range dashboard.Panels {
			if p.Type != "row" {
				p.dashboard = name
				all = append(all, p)
			}
		}
	}
	return all
}

// fill replaces the variables as Grafana does, with everything selected.
func fill(expr, instance string) string {
	return strings.NewReplacer(
		"$account", ".*", "$region", ".*", "$profile", ".*", "$vantage", ".*",
		"$instance", instance, "$__rate_interval", "10s",
	).Replace(expr)
}

// check tells what is wrong with the results of a panel's queries, in order; ""
// if nothing is.
type check func(results [][]sample) string

// panelClaim is what a panel claims to show, on a healthy and a failing fleet.
type panelClaim struct {
	// instance is the one that a panel of the instance dashboard is looked at with.
	instance         string
	healthy, failing check
}

func nothing(results [][]sample) string {
	if len(results[0]) > 0 {
		return fmt.Sprintf("%v, want nothing", results[0])
	}
	return ""
}

// within wants at least one result in each query, and all values in bounds.
func within(low, high float64) check {
	return func(results [][]sample) string {
		for _, r := range results {
			if len(r) == 0 {
				return "nothing"
			}
			for _, s := range r {
				if math.IsNaN(s.Value) || s.Value < low || s.Value > high {
					return fmt.Sprintf("%v, want %g to %g", s, low, high)
				}
			}
		}
		return ""
	}
}

func exactly(v float64) check { return within(v, v) }

// has wants a result with this label among those of the first query, and its
// value in bounds.
func has(label, value string, low, high float64) check {
	return func(results [][]sample) string {
		for _, s := range results[0] {
			if s.Labels[label] == value && s.Value >= low && s.Value <= high {
				return ""
			}
		}
		return fmt.Sprintf("%v, want %s=%q from %g to %g", results[0], label, value, low, high)
	}
}

func lacks(label, value string) check {
	return func(results [][]sample) string {
		if slices.ContainsFunc(results[0], func(s sample) bool { return s.Labels[label] == value }) {
			return fmt.Sprintf("%v, want none with %s=%q", results[0], label, value)
		}
		return ""
	}
}

func both(checks ...check) check {
	return func(results [][]sample) string {
		for _, c := range checks {
			if wrong := c(results); wrong != "" {
				return wrong
			}
		}
		return ""
	}
}

// The life of healthy keys, in seconds.
const (
	halfHour = 1800
	hour     = 3600
	longLife = 5 * hour
	fullLife = 7 * hour
)

var notNegative = within(0, math.Inf(1))

// fleetClaims are those of the fleet dashboard, for so many instances.
func fleetClaims(all, faulty float64) map[string]panelClaim {
	down, conditions := 1., float64(len(probes.Conditions())-1)
	return map[string]panelClaim{
		"Instances watched":                      {healthy: exactly(all), failing: exactly(all - down)},
		"Instances with a problem":               {healthy: exactly(0), failing: within(conditions, faulty)},
		"Agents that do not answer":              {healthy: exactly(0), failing: exactly(down)},
		"Soonest expiry":                         {healthy: within(longLife, fullLife), failing: within(-hour, 0)},
		"Oldest refresh":                         {healthy: within(0, hour), failing: within(longLife, fullLife+hour)},
		"IMDSv1 still enabled":                   {healthy: exactly(1), failing: exactly(1)},
		"Problems by condition":                  {healthy: has("condition", "none", 0, 0), failing: both(has("condition", "no_role", 1, 1), lacks("condition", "none"), lacks("condition", "healthy"))},
		"Healthy and all":                        {healthy: exactly(all), failing: within(1, all-down)},
		"Instances with a problem now":           {healthy: nothing, failing: both(has("instance", "imds_disabled", 1, 1), lacks("instance", "healthy"))},
		"Problems by profile":                    {healthy: has("profile", "none", 0, 0), failing: both(has("profile", "app-profile", 1, faulty), lacks("profile", "none"))},
		"Changes of condition":                   {healthy: notNegative, failing: notNegative},
		"Instances that changed within the hour": {healthy: lacks("instance", ""), failing: has("instance", "no_role", 0.5, 3)},
		"Soonest expiry by profile":              {healthy: has("profile", "app-profile", longLife, fullLife), failing: has("profile", "app-profile", -hour, 0)},
		"Rotation age by profile":                {healthy: has("profile", "app-profile", 0, hour), failing: has("profile", "app-profile", longLife, fullLife+hour)},
		"Hop limits":                             {healthy: both(has("hops", "4", 1, all), has("hops", "1", 1, 1)), failing: has("hops", "1", 1, 1)},
		"IMDSv1 still enabled, by profile":       {healthy: has("profile", "v1-profile", 1, 1), failing: has("profile", "v1-profile", 1, 1)},
		"Duration of a round":                    {healthy: within(0, 5), failing: within(0, 10)},
		"Mean duration by probe":                 {healthy: has("probe", "role_credentials", 0, 1), failing: has("probe", "token", 0, 5)},
		"Failures by probe":                      {healthy: exactly(0), failing: has("probe", "token", 0.1, 100)},
		"Requests to IMDS by status":             {healthy: has("code", "200", 1, 1e4), failing: both(has("code", "403", 0.1, 1e4), has("code", "error", 0.1, 1e4))},
		"Packets to link-local services dropped": {healthy: nothing, failing: has("instance", "drops", 10, 1000)},
	}
}

// instanceClaims are those of the instance dashboard.
func instanceClaims() map[string]panelClaim {
	const of = "no_role" // an instance like any other
	one := both(exactly(1), lacks("condition", "unknown"))
	return map[string]panelClaim{
		"Condition":                              {of, both(one, has("condition", "healthy", 1, 1)), both(one, has("condition", "no_role", 1, 1))},
		"Condition over time":                    {of, one, one},
		"In this condition for":                  {of, notNegative, notNegative},
		"Credentials expire in":                  {"expiring", within(longLife, fullLife), within(0, halfHour)},
		"Refreshed by EC2":                       {of, within(0, hour), within(hour, 2*hour)},
		"Last round":                             {"stale", within(-1, 10), within(5, 600)},
		"Instance profile and role":              {of, has("role", "app", 1, 1), has("role", "app", 1, 1)},
		"Probes that passed":                     {of, exactly(1), both(has("probe", "token", 1, 1), has("probe", "iam_info", 0, 0))},
		"Changes of condition":                   {of, notNegative, notNegative},
		"Failures by probe":                      {of, exactly(0), has("probe", "iam_info", 0.1, 10)},
		"Time left":                              {"expiring", within(longLife, fullLife), within(0, halfHour)},
		"Rotations":                              {of, exactly(0), notNegative},
		"Mean duration by probe":                 {of, has("probe", "token", 0, 1), has("probe", "token", 0, 1)},
		"99th percentile by probe":               {of, nothing, nothing}, // this server stores no native histograms: see TestNativeHistograms
		"Requests by status":                     {"imds_disabled", has("code", "200", 1, 100), has("code", "403", 0.5, 100)},
		"Reachable":                              {"imds_disabled", exactly(1), exactly(0)},
		"Hop limit":                              {"one_hop", exactly(1), exactly(1)},
		"IMDSv1 enabled":                         {"v1", exactly(1), exactly(1)},
		"Clock offset":                           {"clock_skewed", within(-2, 2), within(-130, -110)},
		"Packets to link-local services dropped": {"drops", exactly(0), within(10, 1000)},
		"Answers scrapes":                        {"killed", exactly(1), exactly(0)},
		"Duration of a round":                    {of, within(0, 5), within(0, 5)},
		"Resident memory":                        {of, within(1e6, 1e9), within(1e6, 1e9)},
		"CPU":                                    {of, within(0, 2), within(0, 2)},
		"Version":                                {of, exactly(1), exactly(1)},
	}
}

// checkDashboards runs every query of every dashboard, and holds each panel to
// its claim.
func (f *fleet) checkDashboards(claim func(panelClaim) check) {
	f.t.Helper()
	claims := map[string]map[string]panelClaim{
		"fleet":    fleetClaims(float64(len(f.all())), float64(len(f.faulty))),
		"instance": instanceClaims(),
	}
	for _, p := range panels(f.t) {
		c, ok := claims[p.dashboard][p.Title]
		if !ok {
			f.t.Errorf("%s: nobody says what %q must show", p.dashboard, p.Title)
			continue
		}
		delete(claims[p.dashboard], p.Title)
		results := make([][]sample, len(p.Targets))
		await(f.t, patience, func() error {
			for i, target := range p.Targets {
				results[i] = f.prometheus.query(fill(target.Expr, c.instance))
			}
			if wrong := claim(c)(results); wrong != "" {
				return fmt.Errorf("%s: %s: %s", p.dashboard, p.Title, wrong)
			}
			return nil
		})
		if empty := slices.ContainsFunc(results, func(r []sample) bool { return len(r) == 0 }); empty && p.FieldConfig.Defaults.NoValue == "" {
			f.t.Errorf("%s: %q shows nothing and does not say so", p.dashboard, p.Title)
		}
	}
	for dashboard, left := range claims {
		for title := range maps.Keys(left) {
			f.t.Errorf("%s: there is no panel %q", dashboard, title)
		}
	}
}

// TestDashboardsUseTheirVariables makes sure that each variable is used.
func TestDashboardsUseTheirVariables(t *testing.T) {
	for _, name := range []string{"fleet", "instance"} {
		text := deployed(t, "grafana/"+name+".json")
		var dashboard struct {
			UID        string
			ID         *int
			Templating struct {
				List []struct{ Name, Type string }
			}
		}
		if err := json.Unmarshal([]byte(text), &dashboard); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, v := range dashboard.Templating.List {
			names = append(names, v.Name)
			if !strings.Contains(text, "$"+v.Name) && !strings.Contains(text, "${"+v.Name+"}") {
				t.Errorf("%s: nothing uses $%s", name, v.Name)
			}
		}
		for _, want := range []string{"datasource", "account", "region", "profile"} {
			if !slices.Contains(names, want) {
				t.Errorf("%s: no variable %s", name, want)
			}
		}
		if dashboard.UID == "" || dashboard.ID != nil {
			t.Errorf("%s: a dashboard that is imported has a uid and no id", name)
		}
	}
}
