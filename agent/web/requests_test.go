package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imds-probe/imds-probe/agent/web"
)

// checking is how long a password's check takes.
const checking = 50 * time.Millisecond

// checkPassword lets one password in.
func checkPassword(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") == "" {
		return
	}
	time.Sleep(checking)
	if r.Header.Get("Authorization") != "right" {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func ask(t *testing.T, handler http.Handler, authorization string) (status int, took time.Duration) {
	t.Helper()
	began := time.Now()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	r.Header.Set("Authorization", authorization)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Code, time.Since(began)
}

// TestKnownPasswordFirst lets sixty clients guess, and wants one that was let in
// before to wait for one guess at most, and one without a password for no more.
func TestKnownPasswordFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := web.LimitRequests(http.HandlerFunc(checkPassword))
		if status, _ := ask(t, handler, "right"); status != http.StatusOK {
			t.Fatal(status)
		}
		for i := range 60 {
			go func() {
				if status, _ := ask(t, handler, fmt.Sprint(i)); status != http.StatusUnauthorized {
					t.Errorf("%d for a guess", status)
				}
			}()
		}
		synctest.Wait()
		for _, authorization := range []string{"right", ""} {
			status, took := ask(t, handler, authorization)
			if limit := 2*checking + 10*time.Millisecond; status != http.StatusOK || took > limit {
				t.Errorf("%q: %d after %v, want it within %v", authorization, status, took, limit)
			}
		}
		time.Sleep(time.Minute) // the guesses end
	})
}

// TestTwoAnswersAtATime wants no third answer to be made beside two, and the processor
// to be free between them.
func TestTwoAnswersAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var making atomic.Int32
		handler := web.LimitRequests(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			if making.Add(1) > 2 {
				t.Error("three at once")
			}
			time.Sleep(time.Millisecond)
			making.Add(-1)
		}))
		began, done := time.Now(), make(chan time.Duration)
		for range 100 {
			go func() {
				ask(t, handler, "")
				done <- time.Since(began)
			}()
		}
		var last time.Duration
		for range 100 {
			last = max(last, <-done)
		}
		if last < 98*time.Millisecond {
			t.Errorf("100 answers of 1 ms were made in %v", last)
		}
	})
}
