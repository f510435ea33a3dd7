package probes

import (
	"bytes"
	"encoding/json"
	"errors"
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

const (
	metadataPath  = "/latest/meta-data/"
	hostnamePath  = "hostname"
	iamPath       = "iam/"
	infoPath      = "iam/info"
	roleListPath  = "iam/security-credentials/"
	controlPath   = "identity-credentials/ec2/info"
	codeSuccess   = "Success"
	noRoleMessage = "Instance Profile does not contain a role"
)

// decoder decodes the bodies of one vantage.
type decoder struct {
	salt Salt
}

// decode is pure: the same body gives the same content. It keeps no part of body.
func (d decoder) decode(path string, body []byte) Content {
	name, isMetadata := strings.CutPrefix(path, metadataPath)
	switch {
	case path == tokenPath:
		return decodeToken(body)
	case !isMetadata || name == controlPath:
		return Content{}
	case isHTML(body):
		return Content{Defect: ReasonHTMLAnswer}
	case name == infoPath:
		return decodeInfo(body)
	case name == roleListPath:
		return decodeRoleList(body)
	case strings.HasPrefix(name, roleListPath):
		return decodeCredentials(body, d.salt)
	}
	return decodeText(body)
}

// isHTML tells whether a body is a web page. IMDS sends one only with an error
// status, and those bodies are not decoded.
func isHTML(body []byte) bool {
	head := bytes.ToLower(bytes.TrimSpace(body[:min(len(body), 64)]))
	for _, mark := range []string{"<!doctype", "<html", "<?xml", "<head", "<body"} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return true
		}
	}
	return false
}

// decodeToken accepts what can stand in a header. Real tokens have 56 characters.
func decodeToken(body []byte) Content {
	if isHTML(body) {
		return Content{Defect: ReasonHTMLAnswer}
	}
	bad := bytes.ContainsFunc(body, func(r rune) bool { return r <= ' ' || r > '~' })
	if len(body) == 0 || len(body) > 1024 || bad {
		return Content{Defect: ReasonTokenMalformed}
	}
	return Content{}
}

func decodeText(body []byte) Content {
	if len(bytes.TrimSpace(body)) == 0 {
		return Content{Defect: ReasonEmptyBody}
	}
	return Content{}
}

// decodeRoleList takes the first line, as SDKs do: a profile holds one role.
func decodeRoleList(body []byte) Content {
	line, _, _ := bytes.Cut(bytes.TrimSpace(body), []byte("\n"))
	role := string(bytes.TrimSpace(line))
	switch {
	case role == "":
		return Content{Defect: ReasonRoleListEmpty}
	case !IsIAMName(role):
		return Content{Defect: ReasonInvalidRoleName}
	}
	return Content{Role: role}
}

func decodeInfo(body []byte) Content {
	var raw struct {
		Code, Message, LastUpdated, InstanceProfileArn, InstanceProfileId string
	}
	if defect := unmarshal(body, &raw); defect != ReasonNone {
		return Content{Defect: defect}
	}
	info := &InfoDocument{
		Code:       clean(raw.Code),
		Message:    clean(raw.Message),
		ProfileARN: clean(raw.InstanceProfileArn),
		ProfileID:  clean(raw.InstanceProfileId),
	}
	// A missing or unreadable time is no defect: only the keys' age needs it.
	info.LastUpdated, _ = parseTime(raw.LastUpdated)
	c := Content{Info: info}
	if info.Code == "" || isSuccess(info.Code) && info.Message == "" && (info.ProfileARN == "" || info.ProfileID == "") {
		c.Defect = ReasonFieldMissing
	}
	return c
}

func decodeCredentials(body []byte, salt Salt) Content {
	raw := struct {
		Code, Message, Expiration string
		AccessKeyID               saltedHash `json:"AccessKeyId"`
		SecretAccessKey, Token    presence
	}{AccessKeyID: saltedHash{salt: salt}}
	if defect := unmarshal(body, &raw); defect != ReasonNone {
		return Content{Defect: defect}
	}
	doc := &CredentialsDocument{
		Code:          clean(raw.Code),
		Message:       clean(raw.Message),
		AccessKeyHash: raw.AccessKeyID.sum,
	}
	c := Content{Credentials: doc}
	if doc.Code != "" && !isSuccess(doc.Code) {
		return c
	}
	var err error
	switch doc.Expiration, err = parseTime(raw.Expiration); {
	case doc.Code == "", raw.Expiration == "", doc.AccessKeyHash == "", !bool(raw.SecretAccessKey), !bool(raw.Token):
		c.Defect = ReasonFieldMissing
	case err != nil:
		c.Defect = ReasonInvalidTime
	}
	return c
}

// parseTime reads a time and brings it to UTC. One whose year has no form there
// (9999-12-31T23:59:59-01:00 has none) could not be written as JSON again.
func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err == nil && !HasFormInUTC(t) {
		return time.Time{}, errors.New("no year of RFC 3339 in UTC")
	}
	return t.UTC(), err
}

// HasFormInUTC tells whether RFC 3339, and so JSON, can express a time in UTC.
func HasFormInUTC(t time.Time) bool {
	year := t.UTC().Year()
	return 0 <= year && year <= 9999
}

// unmarshal decodes a document into the fields that dst has. The error itself is
// dropped: it could quote the document.
func unmarshal(body []byte, dst any) Reason {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return ReasonEmptyBody
	case json.Unmarshal(body, dst) != nil:
		return ReasonInvalidJSON
	}
	return ReasonNone
}

func isSuccess(code string) bool { return strings.EqualFold(code, codeSuccess) }
