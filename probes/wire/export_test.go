package wire

// What the tests need to see from within: errors of the answer itself.
var (
	ErrNotHTTP   = errNotHTTP
	ErrMalformed = errMalformed
)
