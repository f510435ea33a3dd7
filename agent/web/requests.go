package web

import (
	"bytes"
	"hash/maphash"
	"net/http"
	"slices"
	"sync"
)

// maxAnswers is how many answers are made at a time.
const maxAnswers = 2

// usualAnswer is the room that an answer seldom exceeds.
const usualAnswer = 16 << 10

// requestLimit lets two answers be made at a time, the check of passwords included,
// which takes some 50 ms of a processor each time. Who guesses passwords has one of the
// turns at most, and waits apart from those who were let in before, such as Prometheus:
// else sixty clients that guess would keep it out for seconds.
type requestLimit struct {
	answers, guesses *turns
	proven           proven
}

func newRequestLimit() *requestLimit {
	return &requestLimit{answers: newTurns(maxAnswers), guesses: newTurns(1), proven: proven{seed: maphash.MakeSeed()}}
}

// limit makes each answer in memory, in its turn, and writes it afterwards: a client
// that does not read holds up nobody.
func (l *requestLimit) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := l.make(next, w.Header(), r)
		if !ok {
			return // the client has gone meanwhile
		}
		w.WriteHeader(answer.status)
		_, _ = w.Write(answer.body.Bytes()) // the client is gone if it fails
	})
}

func (l *requestLimit) make(next http.Handler, header http.Header, r *http.Request) (answer *answerBuffer, ok bool) {
	defer whileFirst(r.Context())()
	gone, password := r.Context().Done(), r.Header.Get("Authorization")
	if password != "" && !l.proven.has(password) {
		if !l.guesses.take(gone) {
			return nil, false
		}
		defer l.guesses.giveBack()
	}
	if !l.answers.take(gone) {
		return nil, false
	}
	defer l.answers.giveBack()
	answer = &answerBuffer{header: header, status: http.StatusOK}
	answer.body.Grow(usualAnswer)
	next.ServeHTTP(answer, r)
	if password != "" && answer.status != http.StatusUnauthorized {
		l.proven.add(password)
	}
	return answer, true
}

// maxProven is how many Authorization headers are remembered.
const maxProven = 16

// proven remembers the Authorization headers that were let in last, by a hash under
// a secret seed. They are checked again all the same: it is for the order of
// requests alone.
type proven struct {
	seed maphash.Seed

	mu     sync.Mutex
	hashes []uint64
}

func (p *proven) has(authorization string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.hashes, maphash.String(p.seed, authorization))
}

func (p *proven) add(authorization string) {
	hash := maphash.String(p.seed, authorization)
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.Contains(p.hashes, hash) {
		return
	}
	p.hashes = append(p.hashes, hash)
	if extra := len(p.hashes) - maxProven; extra > 0 {
		p.hashes = slices.Delete(p.hashes, 0, extra)
	}
}

// answerBuffer is an answer in the making.
type answerBuffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (a *answerBuffer) Header() http.Header { return a.header }

// WriteHeader implements [http.ResponseWriter].
func (a *answerBuffer) WriteHeader(status int) { a.status = status }

// Write implements [http.ResponseWriter].
func (a *answerBuffer) Write(p []byte) (int, error) { return a.body.Write(p) }

// WriteString implements [io.StringWriter].
func (a *answerBuffer) WriteString(s string) (int, error) { return a.body.WriteString(s) }
