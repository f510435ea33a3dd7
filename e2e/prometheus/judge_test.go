package prometheus_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
)

// posted is an alert as Alertmanager's API takes and gives it.
type posted struct {
	Labels map[string]string `json:"labels"`
	Status struct {
		InhibitedBy []string `json:"inhibitedBy"`
	} `json:"status,omitzero"`
}

// post sends alerts.
func (s *server) post(alerts []posted) {
	s.t.Helper()
	body, err := json.Marshal(alerts)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.Post("http://"+s.address+"/api/v2/alerts", "application/json", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("Alertmanager does not take the alerts: %s", resp.Status)
	}
}

// inhibited returns the labels "id" of the alerts that Alertmanager inhibits, once
// it has taken in all that were posted before.
func (s *server) inhibited() map[string]bool {
	s.t.Helper()
	// Alertmanager takes alerts in one after another: once it inhibits the last one,
	// it has seen all others.
	by, _ := sameVantage.places("last")
	source, target := kind{"IMDSNoRole", "profile", "critical", "no_role"}.labels(by), kind{"IMDSNoRole", "instance", "critical", "no_role"}.labels(by)
	target["id"] = "last"
	s.post([]posted{{Labels: source}, {Labels: target}})
	await(s.t, patience, func() error {
		if !s.inhibitedAmong("last")["last"] {
			return errors.New("the last alert is not inhibited yet")
		}
		return nil
	})
	return s.inhibitedAmong(".+")
}

// inhibitedAmong looks at the alerts whose "id" matches a regular expression.
func (s *server) inhibitedAmong(ids string) map[string]bool {
	s.t.Helper()
	var alerts []posted
	decode(s.t, s.get("/api/v2/alerts?filter="+url.QueryEscape(fmt.Sprintf("id=~%q", ids))), &alerts)
	silent := map[string]bool{}
	for _, a := range alerts {
		if len(a.Status.InhibitedBy) > 0 {
			silent[a.Labels["id"]] = true
		}
	}
	return silent
}

// startJudge starts an Alertmanager with the shipped inhibition that notifies
// nobody.
func startJudge(t *testing.T) *server {
	t.Helper()
	dir := t.TempDir()
	config := parseYAML(t, deployed(t, "alertmanager/alertmanager.yml"))
	config["route"] = document{"receiver": "nobody"}
	path := filepath.Join(dir, "alertmanager.yml")
	writeYAML(t, path, config)
	return runAlertmanager(t, dir, path)
}
