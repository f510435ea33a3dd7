package probes

import (
	"strings"
	"time"
)

// Content is what the body of a 200 said. Bodies themselves are not kept.
type Content struct {
	// Defect says why the body cannot be used; [ReasonNone] if it can.
	Defect Reason
	// Role is the role that the listing names.
	Role string
	// Info is what iam/info says.
	Info *InfoDocument
	// Credentials is what the role's document says.
	Credentials *CredentialsDocument
}

// InfoDocument is iam/info: the state of the instance profile.
type InfoDocument struct {
	Code    string
	Message string
	// LastUpdated is when EC2 last refreshed the profile's state and its keys, to
	// the second; zero if the document does not say.
	LastUpdated time.Time
	ProfileARN  string
	ProfileID   string
}

// CredentialsDocument is iam/security-credentials/<role>, without its secrets:
// they are never decoded.
type CredentialsDocument struct {
	Code    string
	Message string
	// Expiration is when the keys stop working; zero if the document does not say.
	Expiration time.Time
	// AccessKeyHash identifies the keys: equal for equal keys within one process
	// (or one state file), and useless for anything else.
	AccessKeyHash string
}

// HasFormInUTC tells whether RFC 3339, and so JSON, can express a time in UTC.
func HasFormInUTC(t time.Time) bool {
	year := t.UTC().Year()
	return 0 <= year && year <= 9999
}

// IsSuccess tells whether a document's Code reports success, whatever its case.
func IsSuccess(code string) bool { return strings.EqualFold(code, "Success") }
