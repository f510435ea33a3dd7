package imdstest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// Scenario is a state of the instance with faults, and what a probe must make of
// it.
type Scenario struct {
	Name string
	// About says in one line what is wrong.
	About string
	// Condition and Reason are what a round must come to.
	Condition probes.Condition
	Reason    probes.Reason
	// Args are the flags with which imds-probe sees it so.
	Args []string
	// Before shows a healthy instance for that long first: what the scenario is
	// about is a change.
	Before   time.Duration
	Instance Instance
	Faults   []Fault
}

// Find returns the scenario of that name.
func Find(name string) (Scenario, error) {
	for _, s := range Scenarios() {
		if s.Name == name {
			return s, nil
		}
	}
	return Scenario{}, fmt.Errorf("no such scenario: %q", name)
}

// With returns the scenario with faults added to its own.
func (s Scenario) With(faults ...Fault) Scenario {
	s.Faults = slices.Concat(s.Faults, faults)
	return s
}

// NeedsHistory tells whether the scenario is about a change, which only something
// that looks twice can see, as the daemon does.
func (s Scenario) NeedsHistory() bool { return s.Before > 0 }

// Passes tells whether a fault of the scenario ends by itself: whether a single
// look sees it is a matter of luck or of time.
func (s Scenario) Passes() bool {
	return slices.ContainsFunc(s.Faults, func(f Fault) bool { return f.Times != 0 || f.Share != 0 })
}

// MustFind is [Find] for names that are there for certain.
func MustFind(name string) Scenario {
	s, err := Find(name)
	if err != nil {
		panic(err)
	}
	return s
}

const (
	docPage    = "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html#troubleshoot_iam-ec2_errors-info-doc."
	oldDocPage = "http://docs.amazonwebservices.com/IAM/latest/UserGuide/RolesTroubleshooting.html."

	rolePath = "meta-data/iam/security-credentials/" + Role
	listPath = "meta-data/iam/security-credentials/"
)

// Scenarios returns all scenarios: at least one for every condition.
func Scenarios() []Scenario {
	all := []Scenario{}
	for _, group := range [][]Scenario{
		wellScenarios(), networkScenarios(), tokenScenarios(), foreignScenarios(), errorScenarios(),
		profileScenarios(), documentScenarios(), lifeScenarios(), expectationScenarios(),
	} {
		all = append(all, group...)
	}
	return all
}

// healthy returns a healthy scenario to be changed.
func healthy(name string, c probes.Condition, r probes.Reason, about string, change func(*Scenario)) Scenario {
	s := Scenario{Name: name, About: about, Condition: c, Reason: r, Instance: HealthyInstance()}
	if change != nil {
		change(&s)
	}
	return s
}

func faults(list ...Fault) func(*Scenario) { return func(s *Scenario) { s.Faults = list } }

func profile(change func(*Profile)) func(*Scenario) {
	return func(s *Scenario) { change(s.Instance.Profile) }
}

func wellScenarios() []Scenario {
	return []Scenario{
		healthy("healthy", probes.ConditionHealthy, probes.ReasonOK, "a role, and keys that are renewed hourly", nil),
		healthy("imdsv1_enabled", probes.ConditionHealthy, probes.ReasonOK, "as healthy, and requests without a token are answered too", func(s *Scenario) {
			s.Instance.TokensOptional = true
		}),
		healthy("redirect_to_slash", probes.ConditionHealthy, probes.ReasonOK, "an instance of an earlier generation: 301 for a directory without its slash", func(s *Scenario) {
			s.Instance.SlashRedirect = true
		}),
		healthy("extended_credentials", probes.ConditionHealthy, probes.ReasonOK, "iam/security-credentials-extended/ is there too", profile(func(p *Profile) { p.Extended = true })),
		healthy("slow", probes.ConditionHealthy, probes.ReasonOK, "every answer takes 300 ms", faults(Fault{Delay: 300 * time.Millisecond})),
		healthy("blip", probes.ConditionHealthy, probes.ReasonOK, "one 503, and then well: no change of condition", func(s *Scenario) {
			s.Faults = []Fault{{Path: "meta-data/iam/info", Times: 1, Status: http.StatusServiceUnavailable}}
		}),
		healthy("absent_as_expected", probes.ConditionHealthy, probes.ReasonAbsentAsExpected, "no instance profile, and none is required", func(s *Scenario) {
			s.Args = []string{"--expect.profile=optional"}
			s.Instance.Profile = nil
		}),
		healthy("life_unknown", probes.ConditionHealthy, probes.ReasonLifeUnknown, "iam/info carries no LastUpdated", faults(
			Fault{Path: "meta-data/iam/info", Body: new(document{
				{"Code", "Success"},
				{"InstanceProfileArn", ProfileARN},
				{"InstanceProfileId", ProfileID},
			}.String())})),
	}
}

func networkScenarios() []Scenario {
	blocked := probes.ConditionFirewallBlocked
	return []Scenario{
		healthy("firewall_drop", blocked, probes.ReasonConnectTimeout, "a firewall drops connections to IMDS", faults(Fault{Effect: Drop})),
		healthy("firewall_reject", blocked, probes.ReasonConnectRefused, "a firewall rejects connections to IMDS", faults(Fault{Effect: Refuse})),
		healthy("hop_limit_too_low", probes.ConditionHopLimitTooLow, probes.ReasonTokenAnswerLost,
			"the token PUT's answer never arrives, a GET's does", faults(Fault{Method: http.MethodPut, Effect: Hang})),
	}
}

func tokenScenarios() []Scenario {
	put := func(status int) func(*Scenario) { return faults(Fault{Method: http.MethodPut, Status: status}) }
	refused := probes.ConditionTokenRefused
	return []Scenario{
		healthy("imds_disabled", probes.ConditionIMDSDisabled, probes.ReasonForbidden, "HttpEndpoint=disabled: 403 for everything", func(s *Scenario) {
			s.Instance.Disabled = true
		}),
		healthy("token_forbidden", refused, probes.ReasonTokenForbidden, "403 on the token PUT alone", put(http.StatusForbidden)),
		healthy("token_forbidden_then_silence", refused, probes.ReasonControlUnanswered, "403 on the token PUT, and no answer to a GET", faults(
			Fault{Method: http.MethodPut, Status: http.StatusForbidden}, Fault{Method: http.MethodGet, Effect: Hang})),
		healthy("token_bad_request", refused, probes.ReasonBadRequest, "400 on the token PUT", put(http.StatusBadRequest)),
		healthy("token_not_found", refused, probes.ReasonNotFound, "404 on the token PUT: no IMDSv2", put(http.StatusNotFound)),
		healthy("token_method_not_allowed", refused, probes.ReasonMethodNotAllowed, "405 on the token PUT", put(http.StatusMethodNotAllowed)),
		healthy("token_not_accepted", refused, probes.ReasonUnauthorized, "a token is given out and then answered with 401", faults(
			Fault{Method: http.MethodGet, Status: http.StatusUnauthorized})),
		healthy("token_throttled", probes.ConditionThrottled, probes.ReasonServiceUnavailable, "503 on the token PUT alone", put(http.StatusServiceUnavailable)),
		healthy("token_malformed", probes.ConditionIMDSError, probes.ReasonTokenMalformed, "the token holds what no header can", faults(
			Fault{Method: http.MethodPut, Body: new("not a\ntoken \x00")})),
		healthy("token_empty", probes.ConditionIMDSError, probes.ReasonTokenMalformed, "the token is empty", faults(
			Fault{Method: http.MethodPut, Body: new("")})),
	}
}

func foreignScenarios() []Scenario {
	intercepted := probes.ConditionIntercepted
	page := "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Welcome to the guest network</h1></body></html>\n"
	return []Scenario{
		healthy("captive_page", intercepted, probes.ReasonForeignServer, "a captive portal answers everything with its page", faults(
			Fault{Server: "nginx/1.25.3", Header: "Content-Type: text/html; charset=utf-8", Body: &page})),
		healthy("html_answer", intercepted, probes.ReasonHTMLAnswer, "a page in place of iam/info, under IMDS's own Server name", faults(
			Fault{Path: "meta-data/iam/info", Body: &page})),
		healthy("proxy_forbidden", intercepted, probes.ReasonForeignServer, "a forward proxy answers 403", faults(
			Fault{Server: "squid/5.7", Status: http.StatusForbidden})),
		healthy("credential_agent", intercepted, probes.ReasonForeignServer, "a credential agent answers as IMDS does, without its Server name", faults(
			Fault{Server: "none"})),
		healthy("known_proxy", probes.ConditionHealthy, probes.ReasonOK, "a proxy that --imds.allow-server names", func(s *Scenario) {
			s.Args = []string{"--imds.allow-server=metadata-proxy/.*"}
			s.Faults = []Fault{{Server: "metadata-proxy/1.2"}}
		}),
		healthy("redirect", intercepted, probes.ReasonRedirected, "a redirect to another address, of loopback, which must not be followed", faults(
			Fault{Method: http.MethodGet, Status: http.StatusFound, Header: "Location: http://127.0.0.2:9/latest/meta-data/"})),
		healthy("not_http", intercepted, probes.ReasonNotHTTP, "an SSH server listens at IMDS's address", faults(
			Fault{Effect: Raw("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")})),
	}
}

func errorScenarios() []Scenario {
	imdsError := probes.ConditionIMDSError
	get := func(e Effect) func(*Scenario) { return faults(Fault{Path: "meta-data/*", Effect: e}) }
	return []Scenario{
		healthy("throttled_429", probes.ConditionThrottled, probes.ReasonTooManyRequests, "429 for everything", faults(Fault{Status: http.StatusTooManyRequests})),
		healthy("throttled_503", probes.ConditionThrottled, probes.ReasonServiceUnavailable, "503 for everything", faults(Fault{Status: http.StatusServiceUnavailable})),
		healthy("error_500", imdsError, probes.ReasonServerError, "500 for the credentials", faults(Fault{Path: rolePath, Status: http.StatusInternalServerError})),
		healthy("hang", imdsError, probes.ReasonAnswerTimeout, "connections are made, nothing is ever answered", faults(Fault{Effect: Hang})),
		healthy("reset", imdsError, probes.ReasonConnectionReset, "connections are made, and reset", faults(Fault{Effect: Reset})),
		healthy("close", imdsError, probes.ReasonConnectionClosed, "connections are made, and closed without an answer", faults(Fault{Effect: Close})),
		healthy("cut", imdsError, probes.ReasonAnswerTruncated, "the credentials end in their middle", faults(Fault{Path: rolePath, Effect: Cut})),
		healthy("cut_by_reset", imdsError, probes.ReasonConnectionReset, "a reset in the middle of the credentials", faults(Fault{Path: rolePath, Effect: CutHard})),
		healthy("drip", imdsError, probes.ReasonAnswerSlow, "an answer that comes byte by byte and never ends", get(Drip)),
		healthy("flood", imdsError, probes.ReasonAnswerTooLarge, "a body of 64 MiB", get(Flood)),
		healthy("malformed", imdsError, probes.ReasonAnswerMalformed, "an answer that breaks HTTP's grammar", get(Raw("HTTP/1.1 two hundred OK\r\nServer: EC2ws\r\n\r\n"))),
	}
}

func profileScenarios() []Scenario {
	deleted := func(message string) func(*Profile) {
		return func(p *Profile) {
			p.ARN, p.ID = "", ""
			p.Code = "InstanceProfileNotFound"
			p.Message = "Instance Profile with Id " + ProfileID + " cannot be found.  Please see documentation at " + message
		}
	}
	noRole := func(page string) func(*Profile) {
		return func(p *Profile) {
			p.Message = "Instance Profile does not contain a role.  Please see documentation at " + page
			p.Keys.Age = 90 * time.Minute
		}
	}
	refused := func(code, page string) func(*Profile) {
		return func(p *Profile) {
			p.RoleCode = code
			p.RoleMessage = "EC2 cannot assume the role " + p.Role + ".  Please see documentation at " + page
		}
	}
	notFound, unauthorized := probes.ConditionInstanceProfileNotFound, probes.ConditionAssumeRoleUnauthorized
	return []Scenario{
		healthy("no_instance_profile", probes.ConditionNoInstanceProfile, probes.ReasonNotFound, "no instance profile is associated", func(s *Scenario) { s.Instance.Profile = nil }),
		healthy("instance_profile_not_found", notFound, probes.ReasonProfileNotFound, "the profile was deleted; the old listing is still there", profile(deleted(docPage))),
		healthy("instance_profile_not_found_old_message", notFound, probes.ReasonProfileNotFound, "as told by older instances", profile(deleted(oldDocPage))),
		healthy("instance_profile_not_found_no_listing", notFound, probes.ReasonProfileNotFound, "the profile was deleted, and its listing is gone", profile(func(p *Profile) {
			deleted(docPage)(p)
			p.NoListing = true
		})),
		healthy("no_role", probes.ConditionNoRole, probes.ReasonProfileWithoutRole, "the role was removed from the profile; old keys are still served", profile(noRole(docPage))),
		healthy("no_role_old_message", probes.ConditionNoRole, probes.ReasonProfileWithoutRole, "as told by older instances", profile(noRole(oldDocPage))),
		healthy("no_role_empty_listing", probes.ConditionNoRole, probes.ReasonRoleListEmpty, "an empty role listing", profile(func(p *Profile) { p.Role = "" })),
		healthy("no_role_no_listing", probes.ConditionNoRole, probes.ReasonRoleListEmpty, "no role listing", profile(func(p *Profile) { p.NoListing = true })),
		healthy("assume_role_unauthorized", unauthorized, probes.ReasonAssumeRoleRefused, "the trust policy refuses EC2; iam/info says Success", profile(refused("AssumeRoleUnauthorizedAccess", docPage))),
		healthy("assume_role_unauthorized_old_message", unauthorized, probes.ReasonAssumeRoleRefused, "as told by older instances, in another case", profile(refused("assumeroleunauthorizedaccess", oldDocPage))),
		healthy("credentials_error", probes.ConditionCredentialsError, probes.ReasonOtherCode, "a code that no page lists", profile(refused("InternalFailure", docPage))),
		healthy("credentials_missing", probes.ConditionCredentialsError, probes.ReasonNotFound, "the listed role has no document", faults(Fault{Path: rolePath, Status: http.StatusNotFound})),
	}
}

func documentScenarios() []Scenario {
	malformed, unreadable := probes.ConditionCredentialsMalformed, probes.ConditionInfoUnreadable
	body := func(path, body string) func(*Scenario) { return faults(Fault{Path: path, Body: &body}) }
	return []Scenario{
		healthy("credentials_empty", malformed, probes.ReasonEmptyBody, "an empty document", body(rolePath, "")),
		healthy("credentials_truncated", malformed, probes.ReasonInvalidJSON, "JSON that ends in its middle", body(rolePath, "{\n  \"Code\" : \"Success\",\n  \"LastUpd")),
		healthy("credentials_gzip", malformed, probes.ReasonInvalidJSON, "a compressed document that nobody asked for", func(s *Scenario) {
			s.Faults = []Fault{{Path: rolePath, Header: "Content-Encoding: gzip", Body: new("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03")}}
		}),
		healthy("credentials_field_missing", malformed, probes.ReasonFieldMissing, "a document without SecretAccessKey", profile(func(p *Profile) {
			p.Keys.Omit = []string{"SecretAccessKey"}
		})),
		healthy("credentials_bad_time", malformed, probes.ReasonInvalidTime, "an expiration that is no time", body(rolePath, document{
			{"Code", "Success"},
			{"AccessKeyId", CanaryAccessKeyID + "0000000000"},
			{"SecretAccessKey", CanarySecretAccessKey},
			{"Token", CanaryToken},
			{"Expiration", "tomorrow"},
		}.String())),
		healthy("info_empty", unreadable, probes.ReasonEmptyBody, "an empty iam/info", body("meta-data/iam/info", "")),
		healthy("info_missing", unreadable, probes.ReasonNotFound, "iam/ is there, iam/info is not", faults(Fault{Path: "meta-data/iam/info", Status: http.StatusNotFound})),
		healthy("info_malformed", unreadable, probes.ReasonInvalidJSON, "an iam/info that is not JSON", body("meta-data/iam/info", "{\"Code\"")),
		healthy("info_error", unreadable, probes.ReasonServerError, "500 on iam/info alone", faults(Fault{Path: "meta-data/iam/info", Status: http.StatusInternalServerError})),
		healthy("documents_empty", malformed, probes.ReasonEmptyBody, "an empty iam/info and an empty document of the role", func(s *Scenario) {
			s.Faults = []Fault{{Path: "meta-data/iam/info", Body: new("")}, {Path: rolePath, Body: new("")}}
		}),
		healthy("role_name_hostile", malformed, probes.ReasonInvalidRoleName, "a role name that would change the path", body(listPath, "../../api/token?\x1b[31m")),
	}
}

func lifeScenarios() []Scenario {
	keys := func(age time.Duration) func(*Scenario) {
		return profile(func(p *Profile) { p.Keys.Age = age })
	}
	clock := func(ahead time.Duration) func(*Scenario) {
		return func(s *Scenario) {
			s.Instance.ClockAhead = ahead
			s.Instance.Profile.Keys.Lifetime += ahead
		}
	}
	changed := probes.ConditionProfileChanged
	change := func(f func(*Profile)) func(*Scenario) {
		return func(s *Scenario) {
			s.Before = 10 * time.Second
			f(s.Instance.Profile)
		}
	}
	return []Scenario{
		healthy("credentials_expired", probes.ConditionCredentialsExpired, probes.ReasonExpired, "the keys expired five minutes ago", keys(Lifetime+5*time.Minute)),
		healthy("rotation_stalled", probes.ConditionRotationStalled, probes.ReasonLittleLifeLeft, "the keys are three hours old and are not renewed", keys(3*time.Hour)),
		healthy("profile_recreated", changed, probes.ReasonProfileRecreated, "the profile was re-created under its name; the keys are the old ones", change(func(p *Profile) {
			p.ID = "AIPAVMQT32F2QXRECREAT"
		})),
		healthy("profile_replaced", changed, probes.ReasonProfileReplaced, "another profile was associated; the keys are the old ones", change(func(p *Profile) {
			p.ARN, p.ID = strings.Replace(ProfileARN, "app-profile", "other-profile", 1), "AIPAVMQT32F2QXREPLACE"
		})),
		healthy("role_replaced", changed, probes.ReasonRoleReplaced, "the role in the profile was replaced; the keys are the old ones", change(func(p *Profile) {
			p.Role = "other"
		})),
		healthy("clock_skewed", probes.ConditionClockSkewed, probes.ReasonClockOffset, "the host clock is two minutes behind IMDS's", clock(2*time.Minute)),
		healthy("clock_wrong", probes.ConditionClockWrong, probes.ReasonClockOffset, "the host clock is ten minutes behind IMDS's", clock(10*time.Minute)),
	}
}

func expectationScenarios() []Scenario {
	wrong := probes.ConditionWrongRole
	return []Scenario{
		healthy("wrong_role", wrong, probes.ReasonRoleMismatch, "the profile holds another role than expected", func(s *Scenario) {
			s.Args = []string{"--expect.role=" + Role}
			s.Instance.Profile.Role = "legacy-admin"
		}),
		healthy("wrong_profile", wrong, probes.ReasonProfileMismatch, "another profile than expected", func(s *Scenario) {
			s.Args = []string{"--expect.profile-arn=arn:aws:iam::[0-9]{12}:instance-profile/app-profile"}
			s.Instance.Profile.ARN = strings.Replace(ProfileARN, "app-profile", "legacy-profile", 1)
		}),
		healthy("unexpected_profile", probes.ConditionUnexpectedProfile, probes.ReasonProfilePresent, "a profile where none is allowed", func(s *Scenario) {
			s.Args = []string{"--expect.profile=forbidden"}
		}),
	}
}
