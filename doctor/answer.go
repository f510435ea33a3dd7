package doctor

import "context"

// Answer is what one request came back with. Its zero value was never asked.
type Answer[T any] struct {
	// Asked names the request: the action, and what it was asked of.
	Asked string
	// Value is what came back, if Failure is nil.
	Value T
	// Failure says why nothing came back.
	Failure *Failure
}

// OK tells whether the request was made and answered.
func (a Answer[T]) OK() bool { return a.Asked != "" && a.Failure == nil }

// failed tells whether the request was made and failed in this way.
func (a Answer[T]) failed(k FailureKind) bool {
	return a.Failure != nil && a.Failure.Kind == k
}

// on returns the answer with the resources that the request is about, for the
// policy that would allow it.
func (a Answer[T]) on(resources ...string) Answer[T] {
	if a.Failure != nil {
		f := *a.Failure
		f.On = resources
		a.Failure = &f
	}
	return a
}

// ask makes a request and keeps what came of it. Where the time is up, the
// failure has the words of the context's cause.
func ask[T any](ctx context.Context, action, of string, call func() (T, error)) Answer[T] {
	a := Answer[T]{Asked: action}
	if of != "" {
		a.Asked += " " + of
	}
	value, err := call()
	if err != nil {
		a.Failure = classify(ctx, action, err)
		return a
	}
	a.Value = value
	return a
}

// FailureKind says in which way a request failed, as far as it matters here.
type FailureKind uint8

// The kinds of failure.
const (
	// FailureOther is any failure without a kind of its own.
	FailureOther FailureKind = iota
	// FailureDenied means that the caller lacks a permission.
	FailureDenied
	// FailureNotFound means that what was asked for does not exist.
	FailureNotFound
	// FailureNoCredentials means that the SDK found no credentials to sign with.
	FailureNoCredentials
	// FailureRefused means that AWS does not accept the credentials.
	FailureRefused
	// FailureExpired means that the credentials have expired.
	FailureExpired
	// FailureClock means that the signature's time is too far from AWS's.
	FailureClock
	// FailureThrottled means that AWS asks for fewer requests.
	FailureThrottled
	// FailureUnreachable means that no answer came from the endpoint.
	FailureUnreachable
)

// Failure is why a request was not answered.
type Failure struct {
	Kind FailureKind
	// Permission is the action that the caller lacks, if Kind is FailureDenied, and
	// On the ARNs of what it was asked of, empty where the action has no resource.
	Permission string
	On         []string
	// Refusal is what AWS says of the denial.
	Refusal Refusal
	// Code is AWS's error code, if there is one.
	Code string
	// Message says it in one line. It is empty where AWS's words may repeat the
	// signed request, and with it a session token; the doctor's own may stand there.
	Message string
}

// resources are the ARNs that a policy needs to name so that the caller may do
// what was denied: those of AWS's own words first.
func (f *Failure) resources() []string {
	switch {
	case f.Refusal.Resource != "":
		return []string{f.Refusal.Resource}
	case len(f.On) > 0:
		return f.On
	}
	return []string{"*"}
}

// String returns the failure as one line.
func (f *Failure) String() string {
	switch {
	case f.Code == "":
		return f.Message
	case f.Message == "":
		return f.Code
	}
	return f.Code + ": " + f.Message
}
