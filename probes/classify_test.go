package probes_test

import (
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

func answer(status int) probes.Exchange { return probes.Exchange{Status: status, Server: "EC2ws"} }

func lost(fault probes.Reason) probes.Exchange { return probes.Exchange{Fault: fault} }

// foreign is the answer of a server that is not IMDS.
func foreign(status int) probes.Exchange { return probes.Exchange{Status: status, Server: "nginx"} }

// TestStatuses judges each status, and each fault, of an answer by itself.
func TestStatuses(t *testing.T) {
	for status, want := range map[int]probes.Reason{
		200: probes.ReasonOK, 204: probes.ReasonUnexpectedStatus, 301: probes.ReasonRedirected, 399: probes.ReasonRedirected,
		400: probes.ReasonBadRequest, 401: probes.ReasonUnauthorized, 403: probes.ReasonForbidden, 404: probes.ReasonNotFound,
		405: probes.ReasonMethodNotAllowed, 418: probes.ReasonUnexpectedStatus, 429: probes.ReasonTooManyRequests,
		500: probes.ReasonServerError, 502: probes.ReasonServerError, 503: probes.ReasonServiceUnavailable, 599: probes.ReasonServerError,
		600: probes.ReasonUnexpectedStatus, 99: probes.ReasonUnexpectedStatus,
	} {
		o := probes.Observation{Probe: probes.ProbeHostname, Exchanges: []probes.Exchange{answer(status)}}
		if got := probes.Classify(o, probes.Policy{}, now); got.Reason != want {
			t.Errorf("%d: %v, want %v", status, got.Reason, want)
		}
		o.Exchanges[0] = foreign(status)
		if got := probes.Classify(o, probes.Policy{}, now); got.Reason != probes.ReasonForeignServer {
			t.Errorf("%d of a foreign server: %v", status, got.Reason)
		}
	}
}

// TestHostname wants an answer, whatever it says, and no web page.
func TestHostname(t *testing.T) {
	for defect, want := range map[probes.Reason]probes.Reason{
		probes.ReasonNone: probes.ReasonOK, probes.ReasonEmptyBody: probes.ReasonOK, probes.ReasonHTMLAnswer: probes.ReasonHTMLAnswer,
	} {
		o := probes.Observation{Probe: probes.ProbeHostname, Exchanges: []probes.Exchange{answer(200)}, Content: probes.Content{Defect: defect}}
		if got := probes.Classify(o, probes.Policy{}, now); got.Reason != want || (got.Status == probes.StatusPass) != (want == probes.ReasonOK) {
			t.Errorf("%v: %v, want %v", defect, got, want)
		}
	}
}

// TestToken tells by a GET without a token what a lost or forbidden PUT means.
func TestToken(t *testing.T) {
	noAnswer := lost(probes.ReasonAnswerTimeout)
	for name, tc := range map[string]struct {
		exchanges []probes.Exchange
		want      probes.Reason
	}{
		"good, though asked again":            {[]probes.Exchange{answer(200), answer(200)}, probes.ReasonOK},
		"refused, though asked again":         {[]probes.Exchange{answer(405), answer(200)}, probes.ReasonMethodNotAllowed},
		"good":                                {[]probes.Exchange{answer(200)}, probes.ReasonOK},
		"lost, GET answered":                  {[]probes.Exchange{noAnswer, answer(401)}, probes.ReasonTokenAnswerLost},
		"lost, GET answered with keys by v1":  {[]probes.Exchange{noAnswer, answer(200)}, probes.ReasonTokenAnswerLost},
		"lost, GET lost":                      {[]probes.Exchange{noAnswer, noAnswer}, probes.ReasonAnswerTimeout},
		"lost, GET cut":                       {[]probes.Exchange{noAnswer, lost(probes.ReasonConnectionReset)}, probes.ReasonAnswerTimeout},
		"lost, GET has no connection":         {[]probes.Exchange{noAnswer, lost(probes.ReasonConnectTimeout)}, probes.ReasonConnectTimeout},
		"lost, GET refused":                   {[]probes.Exchange{noAnswer, lost(probes.ReasonConnectRefused)}, probes.ReasonConnectRefused},
		"lost, GET not permitted":             {[]probes.Exchange{noAnswer, lost(probes.ReasonNotPermitted)}, probes.ReasonNotPermitted},
		"lost, GET of a foreign server":       {[]probes.Exchange{noAnswer, foreign(200)}, probes.ReasonForeignServer},
		"lost, GET not HTTP":                  {[]probes.Exchange{noAnswer, lost(probes.ReasonNotHTTP)}, probes.ReasonNotHTTP},
		"forbidden, GET forbidden":            {[]probes.Exchange{answer(403), answer(403)}, probes.ReasonForbidden},
		"forbidden, GET wants a token":        {[]probes.Exchange{answer(403), answer(401)}, probes.ReasonTokenForbidden},
		"forbidden, GET answered":             {[]probes.Exchange{answer(403), answer(200)}, probes.ReasonTokenForbidden},
		"forbidden, GET lost":                 {[]probes.Exchange{answer(403), noAnswer}, probes.ReasonControlUnanswered},
		"forbidden, GET has no connection":    {[]probes.Exchange{answer(403), lost(probes.ReasonConnectTimeout)}, probes.ReasonControlUnanswered},
		"forbidden, GET of a foreign server":  {[]probes.Exchange{answer(403), foreign(200)}, probes.ReasonForeignServer},
		"forbidden by a foreign server, none": {[]probes.Exchange{foreign(403)}, probes.ReasonForeignServer},
	} {
		o := probes.Observation{Probe: probes.ProbeToken, Exchanges: tc.exchanges}
		if got := probes.Classify(o, probes.Policy{}, now); got.Reason != tc.want || (got.Status == probes.StatusPass) != (tc.want == probes.ReasonOK) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

// TestSenderBeforeDocument wants a document in a foreign server's answer, or in one
// that did not come whole, not to be judged.
func TestSenderBeforeDocument(t *testing.T) {
	content := probes.Content{
		Role: "app", Info: &probes.InfoDocument{Code: "InstanceProfileNotFound", Message: "Instance Profile does not contain a role"},
		Credentials: &probes.CredentialsDocument{Code: "AssumeRoleUnauthorizedAccess"},
	}
	for _, p := range []probes.Probe{probes.ProbeIAMInfo, probes.ProbeRoleList, probes.ProbeRoleCredentials} {
		for want, e := range map[probes.Reason]probes.Exchange{
			probes.ReasonForeignServer:   foreign(200),
			probes.ReasonAnswerTruncated: {Status: 200, Server: "EC2ws", Fault: probes.ReasonAnswerTruncated},
			probes.ReasonServerError:     answer(500),
		} {
			o := probes.Observation{Probe: p, Exchanges: []probes.Exchange{e}, Content: content}
			if got := probes.Classify(o, probes.Policy{}, now); got != (probes.Verdict{Status: probes.StatusFail, Reason: want}) {
				t.Errorf("%v: %v, want %v", p, got, want)
			}
		}
	}
}

// TestInfo judges iam/info by what it says.
func TestInfo(t *testing.T) {
	arn, err := probes.Anchored("arn:.*app")
	if err != nil {
		t.Fatal(err)
	}
	info := func(code, message, arn string) *probes.InfoDocument {
		return &probes.InfoDocument{Code: code, Message: message, ProfileARN: arn}
	}
	for name, tc := range map[string]struct {
		info   *probes.InfoDocument
		defect probes.Reason
		want   probes.Reason
	}{
		"good":                   {info("Success", "", "arn:app"), probes.ReasonNone, probes.ReasonOK},
		"good, in small letters": {info("success", "", "arn:app"), probes.ReasonNone, probes.ReasonOK},
		"another profile":        {info("Success", "", "arn:web"), probes.ReasonNone, probes.ReasonProfileMismatch},
		"no role":                {info("Success", "Instance Profile does not contain a role. See …", "arn:app"), probes.ReasonNone, probes.ReasonProfileWithoutRole},
		"no role, in capitals":   {info("Success", "INSTANCE PROFILE DOES NOT CONTAIN A ROLE", "arn:app"), probes.ReasonNone, probes.ReasonProfileWithoutRole},
		"no role, and another":   {info("Success", "Instance Profile does not contain a role", "arn:web"), probes.ReasonNone, probes.ReasonProfileMismatch},
		"another message":        {info("Success", "Instance Profile does not contain", "arn:app"), probes.ReasonNone, probes.ReasonOK},
		"a longer message":       {info("Success", "The instance profile is being updated, and so are its keys", "arn:app"), probes.ReasonNone, probes.ReasonOK},
		"not found":              {info("InstanceProfileNotFound", "", ""), probes.ReasonNone, probes.ReasonProfileNotFound},
		"not found, in capitals": {info("INSTANCEPROFILENOTFOUND", "", ""), probes.ReasonNone, probes.ReasonProfileNotFound},
		"refused":                {info("AssumeRoleUnauthorizedAccess", "", "arn:app"), probes.ReasonNone, probes.ReasonAssumeRoleRefused},
		"another code":           {info("Unavailable", "", "arn:web"), probes.ReasonNone, probes.ReasonOtherCode},
		"no code":                {info("", "", "arn:app"), probes.ReasonFieldMissing, probes.ReasonFieldMissing},
		"no ARN is no other ARN": {info("Success", "", ""), probes.ReasonFieldMissing, probes.ReasonFieldMissing},
		"no document":            {nil, probes.ReasonInvalidJSON, probes.ReasonInvalidJSON},
		"neither that nor why":   {nil, probes.ReasonNone, probes.ReasonFieldMissing},
	} {
		o := probes.Observation{
			Probe: probes.ProbeIAMInfo, Exchanges: []probes.Exchange{answer(200)},
			Content: probes.Content{Info: tc.info, Defect: tc.defect},
		}
		if got := probes.Classify(o, probes.Policy{ProfileARN: arn}, now); got.Reason != tc.want {
			t.Errorf("%s: %v, want %v", name, got.Reason, tc.want)
		}
	}
}

// TestIAM judges iam/ by whether a profile is expected.
func TestIAM(t *testing.T) {
	for name, tc := range map[string]struct {
		profile   probes.Presence
		exchanges []probes.Exchange
		defect    probes.Reason
		want      probes.Verdict
	}{
		"there, required":             {probes.ProfileRequired, []probes.Exchange{answer(200)}, probes.ReasonNone, probes.Verdict{Status: probes.StatusPass, Reason: probes.ReasonOK}},
		"there, optional":             {probes.ProfileOptional, []probes.Exchange{answer(200)}, probes.ReasonNone, probes.Verdict{Status: probes.StatusPass, Reason: probes.ReasonOK}},
		"there, forbidden":            {probes.ProfileForbidden, []probes.Exchange{answer(200)}, probes.ReasonNone, probes.Verdict{Status: probes.StatusFail, Reason: probes.ReasonProfilePresent}},
		"there, and empty":            {probes.ProfileRequired, []probes.Exchange{answer(200)}, probes.ReasonEmptyBody, probes.Verdict{Status: probes.StatusPass, Reason: probes.ReasonOK}},
		"a web page":                  {probes.ProfileRequired, []probes.Exchange{answer(200)}, probes.ReasonHTMLAnswer, probes.Verdict{Status: probes.StatusFail, Reason: probes.ReasonHTMLAnswer}},
		"absent, required":            {probes.ProfileRequired, []probes.Exchange{answer(404), answer(200)}, probes.ReasonNone, probes.Verdict{Status: probes.StatusFail, Reason: probes.ReasonNotFound}},
		"absent, control absent":      {probes.ProfileRequired, []probes.Exchange{answer(404), answer(404)}, probes.ReasonNone, probes.Verdict{Status: probes.StatusFail, Reason: probes.ReasonNotFound}},
		"absent, control fails":       {probes.ProfileRequired, []probes.Exchange{answer(404), answer(500)}, probes.ReasonNone, probes.Verdict{Status: probes.StatusFail, Reason: probes.ReasonServerError}},
		"absent, control lost":        {probes.ProfileRequired, []probes.Exchange{answer(404), lost(probes.ReasonAnswerTimeout)}, probes.ReasonNone, probes.Verdict{Status: probes.StatusFail, Reason: probes.ReasonAnswerTimeout}},
		"absent, control not made":    {probes.ProfileRequired, []probes.Exchange{answer(404)}, probes.ReasonNone, probes.Verdict{Status: probes.StatusFail, Reason: probes.ReasonNotFound}},
		"absent, optional":            {probes.ProfileOptional, []probes.Exchange{answer(404)}, probes.ReasonNone, probes.Verdict{Status: probes.StatusPass, Reason: probes.ReasonAbsentAsExpected}},
		"absent, forbidden":           {probes.ProfileForbidden, []probes.Exchange{answer(404)}, probes.ReasonNone, probes.Verdict{Status: probes.StatusPass, Reason: probes.ReasonAbsentAsExpected}},
		"fails, forbidden":            {probes.ProfileForbidden, []probes.Exchange{answer(500)}, probes.ReasonNone, probes.Verdict{Status: probes.StatusFail, Reason: probes.ReasonServerError}},
		"of a foreign server, absent": {probes.ProfileOptional, []probes.Exchange{foreign(404)}, probes.ReasonNone, probes.Verdict{Status: probes.StatusFail, Reason: probes.ReasonForeignServer}},
	} {
		o := probes.Observation{Probe: probes.ProbeIAM, Exchanges: tc.exchanges, Content: probes.Content{Defect: tc.defect}}
		if got := probes.Classify(o, probes.Policy{Profile: tc.profile}, now); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

// TestNeedsControl wants a second request where one answer does not decide, and none
// elsewhere: AWS counts those without a token.
func TestNeedsControl(t *testing.T) {
	type need struct {
		probe   probes.Probe
		profile probes.Presence
		answer  probes.Exchange
	}
	wanted := map[need]bool{
		{probes.ProbeToken, probes.ProfileRequired, lost(probes.ReasonAnswerTimeout)}: true,
		{probes.ProbeToken, probes.ProfileRequired, answer(403)}:                      true,
		{probes.ProbeIAM, probes.ProfileRequired, answer(404)}:                        true,
	}
	for _, p := range probes.Ladder() {
		for _, profile := range []probes.Presence{probes.ProfileRequired, probes.ProfileOptional, probes.ProfileForbidden} {
			for _, e := range []probes.Exchange{
				answer(200), answer(401), answer(403), answer(404), answer(405), answer(503), foreign(403), foreign(404),
				lost(probes.ReasonAnswerTimeout), lost(probes.ReasonAnswerSlow), lost(probes.ReasonConnectTimeout), lost(probes.ReasonConnectionReset),
			} {
				o := probes.Observation{Probe: p, Exchanges: []probes.Exchange{e}}
				want := wanted[need{p, profile, e}] || p == probes.ProbeToken && wanted[need{p, probes.ProfileRequired, e}]
				if got := probes.NeedsControl(o, probes.Policy{Profile: profile}); got != want {
					t.Errorf("%v, profile %v, %+v: %v", p, profile, e, got)
				}
			}
		}
	}
}

// TestRoleAndCredentials judges the last two rungs.
func TestRoleAndCredentials(t *testing.T) {
	role, err := probes.Anchored("app")
	if err != nil {
		t.Fatal(err)
	}
	list := func(e probes.Exchange, c probes.Content) probes.Observation {
		return probes.Observation{Probe: probes.ProbeRoleList, Exchanges: []probes.Exchange{e}, Content: c}
	}
	keys := func(code string, expires time.Time, defect probes.Reason) probes.Observation {
		return probes.Observation{
			Probe: probes.ProbeRoleCredentials, Exchanges: []probes.Exchange{answer(200)},
			Content: probes.Content{Defect: defect, Credentials: &probes.CredentialsDocument{Code: code, Expiration: expires}},
		}
	}
	for name, tc := range map[string]struct {
		o    probes.Observation
		want probes.Reason
	}{
		"the role":                {list(answer(200), probes.Content{Role: "app"}), probes.ReasonOK},
		"another role":            {list(answer(200), probes.Content{Role: "apple"}), probes.ReasonRoleMismatch},
		"no role":                 {list(answer(200), probes.Content{Defect: probes.ReasonRoleListEmpty}), probes.ReasonRoleListEmpty},
		"no listing":              {list(answer(404), probes.Content{}), probes.ReasonRoleListEmpty},
		"another role, 500":       {list(answer(500), probes.Content{}), probes.ReasonServerError},
		"not a name":              {list(answer(200), probes.Content{Defect: probes.ReasonInvalidRoleName}), probes.ReasonInvalidRoleName},
		"valid":                   {keys("Success", now.Add(time.Second), probes.ReasonNone), probes.ReasonOK},
		"expire now":              {keys("Success", now, probes.ReasonNone), probes.ReasonExpired},
		"expired":                 {keys("Success", now.Add(-time.Hour), probes.ReasonNone), probes.ReasonExpired},
		"refused, though expired": {keys("AssumeRoleUnauthorizedAccess", now.Add(-time.Hour), probes.ReasonNone), probes.ReasonAssumeRoleRefused},
		"deleted":                 {keys("InstanceProfileNotFound", time.Time{}, probes.ReasonNone), probes.ReasonProfileNotFound},
		"another code":            {keys("Failed", time.Time{}, probes.ReasonNone), probes.ReasonOtherCode},
		"no document":             {probes.Observation{Probe: probes.ProbeRoleCredentials, Exchanges: []probes.Exchange{answer(200)}}, probes.ReasonFieldMissing},
		"a field is missing":      {keys("Success", now.Add(-time.Hour), probes.ReasonFieldMissing), probes.ReasonFieldMissing},
	} {
		if got := probes.Classify(tc.o, probes.Policy{Role: role}, now); got.Reason != tc.want || (got.Status == probes.StatusPass) != (tc.want == probes.ReasonOK) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

// TestNotAsked wants a probe without an exchange to be skipped, whichever it is.
func TestNotAsked(t *testing.T) {
	for _, p := range probes.Ladder() {
		want := probes.Verdict{Status: probes.StatusSkip, Reason: probes.ReasonPrerequisiteFailed}
		if got := probes.Classify(probes.Observation{Probe: p}, probes.Policy{}, now); got != want {
			t.Errorf("%v: %v", p, got)
		}
	}
}
