package ladder_test

import (
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/ladder"
)

const rolePath = ladder.RoleListPath + "app"

const goodCredentials = `{"Code":"Success","LastUpdated":"2026-01-01T00:00:00Z","Type":"AWS-HMAC",` +
	`"AccessKeyId":"ASIAX","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-01T06:35:00Z"}`

func TestDecodeDefects(t *testing.T) {
	without := func(field string) string {
		return strings.Replace(goodCredentials, `"`+field+`"`, `"x`+field+`"`, 1)
	}
	for name, tc := range map[string]struct {
		path, body string
		want       probes.Reason
	}{
		"credentials":                 {rolePath, goodCredentials, probes.ReasonNone},
		"credentials, fields in case": {rolePath, strings.ToLower(goodCredentials[:8]) + goodCredentials[8:], probes.ReasonNone},
		"credentials, duplicate key":  {rolePath, `{"Code":"Failed",` + goodCredentials[1:], probes.ReasonNone},
		"credentials, error code":     {rolePath, `{"Code":"AssumeRoleUnauthorizedAccess"}`, probes.ReasonNone},
		"credentials, empty":          {rolePath, " \n", probes.ReasonEmptyBody},
		"credentials, null":           {rolePath, "null", probes.ReasonFieldMissing},
		"credentials, list":           {rolePath, "[]", probes.ReasonInvalidJSON},
		"credentials, number":         {rolePath, "1", probes.ReasonInvalidJSON},
		"credentials, deep":           {rolePath, strings.Repeat("[", 60000), probes.ReasonInvalidJSON},
		"credentials, truncated":      {rolePath, goodCredentials[:50], probes.ReasonInvalidJSON},
		"credentials, trailing":       {rolePath, goodCredentials + "{}", probes.ReasonInvalidJSON},
		"credentials, NUL":            {rolePath, "\x00", probes.ReasonInvalidJSON},
		"credentials, no code":        {rolePath, without("Code"), probes.ReasonFieldMissing},
		"credentials, no id":          {rolePath, without("AccessKeyId"), probes.ReasonFieldMissing},
		"credentials, no secret":      {rolePath, without("SecretAccessKey"), probes.ReasonFieldMissing},
		"credentials, no token":       {rolePath, without("Token"), probes.ReasonFieldMissing},
		"credentials, no expiration":  {rolePath, without("Expiration"), probes.ReasonFieldMissing},
		"credentials, empty secret":   {rolePath, strings.Replace(goodCredentials, `"s"`, `""`, 1), probes.ReasonFieldMissing},
		"credentials, null token":     {rolePath, strings.Replace(goodCredentials, `"t"`, `null`, 1), probes.ReasonFieldMissing},
		"credentials, bad expiration": {rolePath, strings.Replace(goodCredentials, "2026-01-01T06", "tomorrow", 1), probes.ReasonInvalidTime},
		"credentials, far expiration": {rolePath, strings.Replace(goodCredentials, "2026-01-01T06:35:00Z", "9999-12-31T23:59:59-01:00", 1), probes.ReasonInvalidTime},
		"credentials, page":           {rolePath, "<html></html>", probes.ReasonHTMLAnswer},
		"info":                        {ladder.InfoPath, `{"Code":"Success","InstanceProfileArn":"a","InstanceProfileId":"i"}`, probes.ReasonNone},
		"info, no ARN":                {ladder.InfoPath, `{"Code":"Success","InstanceProfileId":"i"}`, probes.ReasonFieldMissing},
		"info, no ARN but a message":  {ladder.InfoPath, `{"Code":"Success","Message":"Instance Profile does not contain a role."}`, probes.ReasonNone},
		"info, no code":               {ladder.InfoPath, `{}`, probes.ReasonFieldMissing},
		"info, empty":                 {ladder.InfoPath, ``, probes.ReasonEmptyBody},
		"list":                        {ladder.RoleListPath, "app", probes.ReasonNone},
		"list, newline":               {ladder.RoleListPath, "app\n", probes.ReasonNone},
		"list, two":                   {ladder.RoleListPath, "app\nother", probes.ReasonNone},
		"list, empty":                 {ladder.RoleListPath, "", probes.ReasonRoleListEmpty},
		"list, parent":                {ladder.RoleListPath, "..", probes.ReasonInvalidRoleName},
		"list, slash":                 {ladder.RoleListPath, "a/b", probes.ReasonInvalidRoleName},
		"list, invalid UTF-8":         {ladder.RoleListPath, "\xff\xfe", probes.ReasonInvalidRoleName},
		"list, page":                  {ladder.RoleListPath, "<!DOCTYPE html>", probes.ReasonHTMLAnswer},
		"token":                       {ladder.TokenPath, strings.Repeat("A", 54) + "==", probes.ReasonNone},
		"token, empty":                {ladder.TokenPath, "", probes.ReasonTokenMalformed},
		"token, header injection":     {ladder.TokenPath, "a\r\nX-Evil: 1", probes.ReasonTokenMalformed},
		"token, page":                 {ladder.TokenPath, "<html>", probes.ReasonHTMLAnswer},
		"token, long":                 {ladder.TokenPath, strings.Repeat("A", 2000), probes.ReasonTokenMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ladder.Decode(tc.path, []byte(tc.body)).Defect; got != tc.want {
				t.Errorf("defect %v, want %v", got, tc.want)
			}
		})
	}
}

// TestDecodeKeepsNoSecret looks for secrets in all that decoding returns.
func TestDecodeKeepsNoSecret(t *testing.T) {
	doc := ladder.Decode(rolePath, []byte(goodCredentials)).Credentials
	if doc.AccessKeyHash == "" || strings.Contains(doc.AccessKeyHash, "ASIAX") {
		t.Errorf("hash %q", doc.AccessKeyHash)
	}
}

// TestDecodeCleansText keeps terminals, logs and pages safe.
func TestDecodeCleansText(t *testing.T) {
	body := `{"Code":"\u001b[31mFailed\u202e","Message":"a\u0000b\nc` + strings.Repeat("x", 5000) + `"}`
	info := ladder.Decode(ladder.InfoPath, []byte(body)).Info
	for _, text := range []string{info.Code, info.Message} {
		if strings.ContainsAny(text, "\x00\x1b\n\u202e") || len(text) > 2000 {
			t.Errorf("not cleaned: %q", text)
		}
	}
}
