package prometheus_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// notice is one alert of one notification, as it came.
type notice struct {
	At          time.Time
	Group       int // the number of the notification
	Receiver    string
	Status      string
	Labels      map[string]string
	Annotations map[string]string
	GeneratedBy string `json:"generatorURL"`
}

func (n notice) name() string { return n.Labels["alertname"] }

// String identifies the alert, for messages.
func (n notice) String() string {
	return fmt.Sprintf("%s %s (%s, %s) to %s", n.Status, n.name(), n.Labels["scope"], n.Labels["severity"], n.Receiver)
}

// receiver is a webhook that keeps what it is sent.
type receiver struct {
	*httptest.Server

	mu      sync.Mutex
	notices []notice
	groups  int
}

func newReceiver(t testing.TB) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP implements [http.Handler].
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var message struct {
		Alerts []notice
	}
	if err := json.NewDecoder(req.Body).Decode(&message); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.groups++
	for _, n := range message.Alerts {
		n.At, n.Group, n.Receiver = time.Now(), r.groups, strings.TrimPrefix(req.URL.Path, "/")
		r.notices = append(r.notices, n)
	}
}

// all returns what was sent.
func (r *receiver) all() []notice {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.notices)
}

// of returns what was sent of an instance.
func (r *receiver) of(instance string) []notice {
	return slices.DeleteFunc(r.all(), func(n notice) bool { return n.Labels["instance"] != instance })
}

// first returns the first notice of an alert with a status.
func first(notices []notice, alert, status string) (notice, bool) {
	i := slices.IndexFunc(notices, func(n notice) bool { return n.name() == alert && n.Status == status })
	if i < 0 {
		return notice{}, false
	}
	return notices[i], true
}
