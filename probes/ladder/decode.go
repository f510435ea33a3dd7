package ladder

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

const (
	metadataPath = "/latest/meta-data/"
	hostnamePath = "hostname"
	iamPath      = "iam/"
	infoPath     = "iam/info"
	roleListPath = "iam/security-credentials/"
	controlPath  = "identity-credentials/ec2/info"
)

// decoder decodes the bodies of one vantage.
type decoder struct {
	salt probes.Salt
}

// decode is pure: the same body gives the same content. It keeps no part of body.
func (d decoder) decode(path string, body []byte) probes.Content {
	name, isMetadata := strings.CutPrefix(path, metadataPath)
	switch {
	case path == tokenPath:
		return decodeToken(body)
	case !isMetadata || name == controlPath:
		return probes.Content{}
	case isHTML(body):
		return probes.Content{Defect: probes.ReasonHTMLAnswer}
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
func decodeToken(body []byte) probes.Content {
	if isHTML(body) {
		return probes.Content{Defect: probes.ReasonHTMLAnswer}
	}
	bad := bytes.ContainsFunc(body, func(r rune) bool { return r <= ' ' || r > '~' })
	if len(body) == 0 || len(body) > 1024 || bad {
		return probes.Content{Defect: probes.ReasonTokenMalformed}
	}
	return probes.Content{}
}

func decodeText(body []byte) probes.Content {
	if len(bytes.TrimSpace(body)) == 0 {
		return probes.Content{Defect: probes.ReasonEmptyBody}
	}
	return probes.Content{}
}

// decodeRoleList takes the first line, as SDKs do: a profile holds one role.
func decodeRoleList(body []byte) probes.Content {
	line, _, _ := bytes.Cut(bytes.TrimSpace(body), []byte("\n"))
	role := string(bytes.TrimSpace(line))
	switch {
	case role == "":
		return probes.Content{Defect: probes.ReasonRoleListEmpty}
	case !probes.IsIAMName(role):
		return probes.Content{Defect: probes.ReasonInvalidRoleName}
	}
	return probes.Content{Role: role}
}

func decodeInfo(body []byte) probes.Content {
	var raw struct {
		Code, Message, LastUpdated, InstanceProfileArn, InstanceProfileId string
	}
	if defect := unmarshal(body, &raw); defect != probes.ReasonNone {
		return probes.Content{Defect: defect}
	}
	info := &probes.InfoDocument{
		Code:       clean(raw.Code),
		Message:    clean(raw.Message),
		ProfileARN: clean(raw.InstanceProfileArn),
		ProfileID:  clean(raw.InstanceProfileId),
	}
	// A missing or unreadable time is no defect: only the keys' age needs it.
	info.LastUpdated, _ = parseTime(raw.LastUpdated)
	c := probes.Content{Info: info}
	if info.Code == "" || probes.IsSuccess(info.Code) && info.Message == "" && (info.ProfileARN == "" || info.ProfileID == "") {
		c.Defect = probes.ReasonFieldMissing
	}
	return c
}

func decodeCredentials(body []byte, salt probes.Salt) probes.Content {
	raw := struct {
		Code, Message, Expiration string
		AccessKeyID               saltedHash `json:"AccessKeyId"`
		SecretAccessKey, Token    presence
	}{AccessKeyID: saltedHash{salt: salt}}
	if defect := unmarshal(body, &raw); defect != probes.ReasonNone {
		return probes.Content{Defect: defect}
	}
	doc := &probes.CredentialsDocument{
		Code:          clean(raw.Code),
		Message:       clean(raw.Message),
		AccessKeyHash: raw.AccessKeyID.sum,
	}
	c := probes.Content{Credentials: doc}
	if doc.Code != "" && !probes.IsSuccess(doc.Code) {
		return c
	}
	var err error
	switch doc.Expiration, err = parseTime(raw.Expiration); {
	case doc.Code == "", raw.Expiration == "", doc.AccessKeyHash == "", !bool(raw.SecretAccessKey), !bool(raw.Token):
		c.Defect = probes.ReasonFieldMissing
	case err != nil:
		c.Defect = probes.ReasonInvalidTime
	}
	return c
}

// parseTime reads a time and brings it to UTC. One whose year has no form there
// (9999-12-31T23:59:59-01:00 has none) could not be written as JSON again.
func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err == nil && !probes.HasFormInUTC(t) {
		return time.Time{}, errors.New("no year of RFC 3339 in UTC")
	}
	return t.UTC(), err
}

// unmarshal decodes a document into the fields that dst has. The error itself is
// dropped: it could quote the document.
func unmarshal(body []byte, dst any) probes.Reason {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return probes.ReasonEmptyBody
	case json.Unmarshal(body, dst) != nil:
		return probes.ReasonInvalidJSON
	}
	return probes.ReasonNone
}
