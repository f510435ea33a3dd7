package probes

import "regexp"

// Entry is what the catalogue says of one condition. It is the only home of
// these words: check, explain, log events, the status page, docs/runbook.md and
// the alert annotations read it or are tested against it.
type Entry struct {
	Condition Condition
	Severity  Severity
	// Title names the condition in a few words.
	Title string
	// Meaning says in AWS's terms what is wrong and what follows from it.
	Meaning string
	// Faces says what each reason under which the condition appears points to.
	Faces []Face
	// Remedy lists the steps that mend it, in order.
	Remedy []Step
	// Doc links to the section of AWS's documentation that covers it.
	Doc string
}

// Face is one way in which a condition shows itself: the reason of a failed probe, or
// of what the whole round says.
type Face struct {
	Reason  Reason
	Meaning string
	// At are the probes at which the reason means this condition: nil means any, and
	// the empty list none, where it takes more than one probe to tell.
	At []Probe
}

func face(r Reason, meaning string, at ...Probe) Face { return Face{r, meaning, at} }

// whole is a face of what the round says as a whole, and of no failed probe by itself.
func whole(r Reason, meaning string) Face { return Face{r, meaning, []Probe{}} }

// Step is one step of a remedy.
type Step struct {
	// Text says what to do.
	Text string
	// Command is the exact command, if there is one, with the placeholders
	// INSTANCE_ID, PROFILE and ROLE where [Step.With] was given no value.
	Command string
}

// String returns the step as one line.
func (s Step) String() string {
	if s.Command == "" {
		return s.Text
	}
	return s.Text + ": " + s.Command
}

// With returns the step with the placeholders PROFILE and ROLE of its command
// replaced by the names that were seen. Names that are empty, or hold anything
// that IAM does not allow in a name, leave the placeholder: a command that
// people copy must not carry what a hostile answer put there.
func (s Step) With(profile, role string) Step {
	names := map[string]string{"PROFILE": profile, "ROLE": role}
	s.Command = placeholder.ReplaceAllStringFunc(s.Command, func(word string) string {
		if IsIAMName(names[word]) {
			return names[word]
		}
		return word
	})
	return s
}

// placeholder matches what With fills in; EXPECTED_PROFILE, say, is not it.
var placeholder = regexp.MustCompile(`\b(PROFILE|ROLE)\b`)

// FaceOf returns what the reason points to under this condition, or "".
func (e Entry) FaceOf(r Reason) string {
	for _, f := range e.Faces {
		if f.Reason == r {
			return f.Meaning
		}
	}
	return ""
}

// RemedyFor returns the remedy with the names that were seen filled in.
func (e Entry) RemedyFor(profile, role string) []Step {
	steps := make([]Step, len(e.Remedy))
	for i, s := range e.Remedy {
		steps[i] = s.With(profile, role)
	}
	return steps
}

// Explain returns the catalogue's entry of a condition; that of
// [ConditionUnknown] for a value outside the closed set. Its slices are shared:
// do not change them.
func Explain(c Condition) Entry {
	if int(c) >= len(catalogue) {
		c = ConditionUnknown
	}
	return catalogue[c]
}

// TroubleshootingPage is AWS's page "Troubleshooting IAM and Amazon EC2".
const TroubleshootingPage = "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html"

// The sections of AWS's documentation that entries link to.
const (
	docNoKeys         = TroubleshootingPage + "#troubleshoot_iam-ec2_no-keys"
	docWrongRole      = TroubleshootingPage + "#troubleshoot_iam-ec2_wrongrole"
	docInfoErrors     = TroubleshootingPage + "#troubleshoot_iam-ec2_errors-info-doc"
	docProfileMissing = TroubleshootingPage + "#troubleshoot_iam-ec2_errors-info-doc-profile-not-found"
	docNoRole         = TroubleshootingPage + "#troubleshoot_iam-ec2_errors-info-doc-no-role"
	docUnauthorized   = TroubleshootingPage + "#troubleshoot_iam-ec2_errors-info-doc-unauthorized-access"

	docOptions   = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-existing-instances.html"
	docRetrieval = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html"
	docClock     = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/set-time.html"
)

// The trust policy that AWS's page shows, on one line.
const trustPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com"]},"Action":["sts:AssumeRole"]}]}`

var (
	stepCheckAgain     = Step{"Confirm from the instance", "imds-probe check"}
	stepShowOptions    = Step{"Look at the instance's metadata options", "aws ec2 describe-instances --instance-ids INSTANCE_ID --query 'Reservations[].Instances[].MetadataOptions'"}
	stepShowProfile    = Step{"See which instance profile the instance is associated with", "aws ec2 describe-instances --instance-ids INSTANCE_ID --query 'Reservations[].Instances[].IamInstanceProfile'"}
	stepGetProfile     = Step{"See whether that profile exists and which role it holds", "aws iam get-instance-profile --instance-profile-name PROFILE"}
	stepAttachProfile  = Step{"Attach a valid instance profile", "aws ec2 associate-iam-instance-profile --instance-id INSTANCE_ID --iam-instance-profile Name=VALID_PROFILE"}
	stepAssociation    = Step{"Find the association", "aws ec2 describe-iam-instance-profile-associations --filters Name=instance-id,Values=INSTANCE_ID"}
	stepReplaceProfile = Step{"Replace it by a valid instance profile", "aws ec2 replace-iam-instance-profile-association --association-id ASSOCIATION_ID --iam-instance-profile Name=VALID_PROFILE"}
	stepRenewProfile   = Step{"Associate the profile anew, which makes EC2 fetch new keys at once", "aws ec2 replace-iam-instance-profile-association --association-id ASSOCIATION_ID --iam-instance-profile Name=PROFILE"}
	stepReadTrust      = Step{"Read the role's trust policy", "aws iam get-role --role-name ROLE --query Role.AssumeRolePolicyDocument"}
	stepWaitRefresh    = Step{Text: "Wait for the next automatically scheduled refresh: EC2 renews keys about hourly, and after a refusal it retries by itself with growing gaps; no restart is needed"}
	stepDropCounter    = Step{"See whether the link-local limit of 1024 packets a second is exceeded", "ethtool -S eth0 | grep linklocal_allowance_exceeded"}
)

var stepsClock = []Step{
	{"See whether the clock is synchronised", "chronyc tracking || timedatectl timesync-status"},
	{"Use the Amazon Time Sync Service, a link-local address of every instance", "echo 'server 169.254.169.123 prefer iburst' | sudo tee /etc/chrony/sources.d/aws.sources && sudo chronyc reload sources"},
	{"Step the clock at once", "sudo chronyc makestep"},
}

// catalogue has an entry for every condition, at its index.
var catalogue = [...]Entry{
	ConditionUnknown: {
		Condition: ConditionUnknown, Severity: SeverityUnknown,
		Title:   "No verdict yet",
		Meaning: "No round has finished yet for this vantage, or the vantage itself (its user or its network namespace) does not exist at the moment, or this host lets no round be made, so that nothing can be said of IMDS.",
		Faces: []Face{
			whole(ReasonNone, "No round has finished yet."),
			whole(ReasonVantageGone, "The vantage's user or network namespace does not exist now; it is looked at again by itself once it does."),
			face(ReasonLocalError, "This host could not make a socket three rounds in a row: file descriptors, memory or local ports have run out."),
			face(ReasonHostOverloaded, "This host did not let the agent run for three rounds in a row: each time-out was noticed far too late to mean anything."),
		},
		Remedy: []Step{
			{Text: "Wait for one interval; if this lasts, look at the agent's log, and at the host's load, memory and local ports"},
			{"Read the agent's log", "journalctl -u imds-probe -n 50"},
		},
		Doc: docNoKeys,
	},
	ConditionHealthy: {
		Condition: ConditionHealthy, Severity: SeverityOK,
		Title:   "Healthy",
		Meaning: "IMDS answers, and the instance's credentials are what they should be.",
		Faces: []Face{
			whole(ReasonOK, "IMDS answers, the instance profile holds a role, and its keys are valid and fresh."),
			whole(ReasonAbsentAsExpected, "IMDS answers; there is no instance profile, and none is required here."),
			whole(ReasonLifeUnknown, "IMDS answers and its keys are valid, but the documents carry no times to tell whether the keys are renewed."),
		},
		Doc: docNoKeys,
	},
	ConditionFirewallBlocked: {
		Condition: ConditionFirewallBlocked, Severity: SeverityCritical,
		Title:   "A firewall or route blocks IMDS",
		Meaning: "No TCP connection to the instance metadata service can be made, so no software on this vantage can get or renew credentials. Keys already fetched go on working until they expire.",
		Faces: []Face{
			face(ReasonConnectTimeout, "The connection attempt got no answer at all: the mark of a DROP rule, of systemd's IPAddressDeny=, of a blackhole on the way, or of a network policy."),
			face(ReasonConnectRefused, "The connection was refused at once: the mark of a REJECT rule (tcp reset or port unreachable), or of a host on which nothing listens there."),
			face(ReasonHostUnreachable, "The host was reported unreachable: the mark of a REJECT rule on the way (host unreachable, admin prohibited) or of a neighbour that does not answer."),
			face(ReasonNetworkUnreachable, "There is no route to IMDS: the interface is down, the route for the link-local address is missing or a blackhole, or IPv6 is disabled."),
			face(ReasonNotPermitted, "The kernel did not permit the connection: a filter on this process or its cgroup (systemd's IPAddressDeny=, a seccomp or eBPF policy, a prohibit route), or over IPv6 a REJECT rule with admin-prohibited."),
		},
		Remedy: []Step{
			{"Look for packet-filter rules that match 169.254.169.254 (or fd00:ec2::254), by destination or by user", "sudo nft list ruleset"},
			{"The same with iptables", "sudo iptables -S OUTPUT"},
			{"Check the route to IMDS (or to fd00:ec2::254); 'unreachable', 'prohibit', 'blackhole' or no answer is the fault", "ip route get 169.254.169.254"},
			{"Check for systemd's own filter on the service that is blocked", "systemctl show SERVICE -p IPAddressDeny -p IPAddressAllow"},
			{Text: "In a container or pod, look for a network policy (Kubernetes NetworkPolicy, Calico, Cilium) that denies 169.254.169.254/32"},
			{"Remove the rule, or let through what needs credentials", "sudo iptables -I OUTPUT -d 169.254.169.254/32 -p tcp --dport 80 -j ACCEPT"},
			stepCheckAgain,
		},
		Doc: docNoKeys,
	},
	ConditionHopLimitTooLow: {
		Condition: ConditionHopLimitTooLow, Severity: SeverityCritical,
		Title:   "The hop limit of token answers is too low",
		Meaning: "IMDS answers requests without a token, but its answer to the token PUT never arrives: it is sent with an IP TTL (the PUT response hop limit) that ends before this vantage. This is how it looks from a container or pod behind a bridge when the hop limit is 1.",
		Faces: []Face{
			face(ReasonTokenAnswerLost, "The token PUT was sent and got no answer, while a GET without a token was answered at once."),
		},
		Remedy: []Step{
			stepShowOptions,
			{"Raise the hop limit: 2 for containers behind one bridge, more for each further router", "aws ec2 modify-instance-metadata-options --instance-id INSTANCE_ID --http-put-response-hop-limit 2 --http-endpoint enabled"},
			{Text: "Or give the workload its credentials in another way: host networking, EKS Pod Identity, IRSA, an ECS task role"},
			stepCheckAgain,
		},
		Doc: docOptions,
	},
	ConditionIMDSDisabled: {
		Condition: ConditionIMDSDisabled, Severity: SeverityCritical,
		Title:   "IMDS is turned off for this instance",
		Meaning: "The instance metadata service accepts connections and answers every request with 403: the metadata endpoint of this instance is disabled (HttpEndpoint=disabled). No software on it can get credentials of the instance profile.",
		Faces: []Face{
			face(ReasonForbidden, "403 from EC2ws on the token and on a GET without a token.", ProbeToken),
		},
		Remedy: []Step{
			stepShowOptions,
			{"Turn the endpoint on", "aws ec2 modify-instance-metadata-options --instance-id INSTANCE_ID --http-endpoint enabled"},
			{Text: "If it is off by policy, stop imds-probe on this instance, since there is nothing to watch"},
			stepCheckAgain,
		},
		Doc: docOptions,
	},
	ConditionTokenRefused: {
		Condition: ConditionTokenRefused, Severity: SeverityCritical,
		Title:   "IMDS refuses a session token",
		Meaning: "IMDS answers, but the token PUT is refused or the token is not accepted. Clients that require IMDSv2 get nothing; others may fall back to IMDSv1 without a word.",
		Faces: []Face{
			face(ReasonTokenForbidden, "403 on the PUT alone: IMDS refuses a PUT that a proxy has forwarded (X-Forwarded-For)."),
			face(ReasonControlUnanswered, "403 on the PUT, and a GET without a token was not answered: whether the endpoint is disabled cannot be told."),
			face(ReasonBadRequest, "400 on the PUT: something on the way removed or changed the token's TTL header.", ProbeToken),
			face(ReasonUnauthorized, "IMDS gave out a token and then answered 401 to it: requests of one client reach different services."),
			face(ReasonNotFound, "404 on the PUT: what answers does not know IMDSv2.", ProbeToken),
			face(ReasonMethodNotAllowed, "405 on the PUT: what answers does not let PUT through.", ProbeToken),
			face(ReasonUnexpectedStatus, "The PUT alone is refused.", ProbeToken),
		},
		Remedy: []Step{
			{"See the refusal itself", "curl -i -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token"},
			{Text: "Look for a proxy or sidecar that forwards requests to 169.254.169.254 and let them go there directly (NO_PROXY=169.254.169.254)"},
			stepShowOptions,
			stepCheckAgain,
		},
		Doc: docOptions,
	},
	ConditionIntercepted: {
		Condition: ConditionIntercepted, Severity: SeverityCritical,
		Title:   "Somebody else answers in place of IMDS",
		Meaning: "An answer came, but not from the instance metadata service, whose every answer says Server: EC2ws. A proxy, a credential agent (kube2iam, kiam), a captive page or a mock stands between; the credentials it hands out need not be this instance's.",
		Faces: []Face{
			face(ReasonForeignServer, "The Server header is not EC2ws."),
			face(ReasonRedirected, "The answer is a redirect, which IMDS never sends; it was not followed."),
			face(ReasonHTMLAnswer, "A web page came where IMDS sends plain text or JSON."),
			face(ReasonNotHTTP, "What answers does not speak HTTP."),
		},
		Remedy: []Step{
			{"See who answers", "curl -si -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token | grep -i '^server'"},
			{"Look for a redirection of 169.254.169.254 (DNAT, REDIRECT, TPROXY)", "sudo nft list ruleset; sudo iptables -t nat -S"},
			{"Look for a local address that shadows it", "ip -brief address | grep 169.254.169.254"},
			{Text: "If this proxy is wanted, name it: --imds.allow-server=REGEX"},
		},
		Doc: docRetrieval,
	},
	ConditionThrottled: {
		Condition: ConditionThrottled, Severity: SeverityWarning,
		Title:   "IMDS throttles requests",
		Meaning: "Requests to link-local services exceed a limit: 1024 packets a second for each network interface, shared by IMDS, DNS and NTP, beyond which packets are dropped; or IMDS itself asks to retry. Credentials may fail to be fetched now and then.",
		Faces: []Face{
			face(ReasonTooManyRequests, "IMDS answered 429."),
			face(ReasonServiceUnavailable, "IMDS answered 503, which AWS says to retry."),
			whole(ReasonPacketsDropped, "Requests timed out while the network driver counted dropped link-local packets."),
		},
		Remedy: []Step{
			stepDropCounter,
			{Text: "Find what asks so often: clients that fetch credentials for each call instead of caching them, DNS without a local cache"},
			{"Count connections to IMDS by process", "sudo ss -tnp dst 169.254.169.254"},
			{Text: "Cache: one SDK client for each process, a caching resolver (systemd-resolved, nscd, NodeLocal DNSCache)"},
		},
		Doc: docRetrieval,
	},
	ConditionIMDSError: {
		Condition: ConditionIMDSError, Severity: SeverityCritical,
		Title:   "IMDS answers wrongly or not at all",
		Meaning: "A connection to IMDS is made, so no firewall stands in the way, but the answer is an error, malformed, cut off, or does not come in time.",
		Faces: []Face{
			face(ReasonAnswerTimeout, "The connection was made and no request was answered: a service that hangs, or a path that loses data after the handshake."),
			face(ReasonAnswerSlow, "The answer began and did not end in time."),
			face(ReasonConnectionReset, "The connection was reset after it had been made."),
			face(ReasonConnectionClosed, "The connection was closed without an answer."),
			face(ReasonAnswerTruncated, "The body ended before its announced length."),
			face(ReasonAnswerTooLarge, "The answer is larger than any of IMDS's can be."),
			face(ReasonAnswerMalformed, "The answer breaks HTTP's grammar."),
			face(ReasonTokenMalformed, "The token that came cannot be one."),
			face(ReasonServerError, "IMDS answered with a 5xx status."),
			face(ReasonForbidden, "403 on a request with a valid token."),
			face(ReasonNotFound, "404 on a path that is always there."),
			face(ReasonBadRequest, "400 on a well-formed request."),
			face(ReasonMethodNotAllowed, "405 on a GET."),
			face(ReasonUnexpectedStatus, "A status that IMDS does not send."),
			face(ReasonNameNotResolved, "The host name of --imds.endpoint has no address."),
		},
		Remedy: []Step{
			{"Ask IMDS by hand, with times", "curl -sS -o /dev/null -w '%{http_code} connect %{time_connect} s, total %{time_total} s\\n' -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token"},
			stepDropCounter,
			{"Look at the instance's status checks", "aws ec2 describe-instance-status --instance-ids INSTANCE_ID"},
			{Text: "If it lasts, stop and start the instance (which moves it to another host), and tell AWS Support the times from this agent's log"},
		},
		Doc: docRetrieval,
	},
	ConditionNoInstanceProfile: {
		Condition: ConditionNoInstanceProfile, Severity: SeverityCritical,
		Title:   "No instance profile is associated",
		Meaning: "IMDS is well, but it has no iam subtree: the instance has no instance profile (or one that has been empty since it booted, which looks the same from inside). Software on it cannot get credentials.",
		Faces: []Face{
			face(ReasonNotFound, "iam/ is 404 while hostname is answered.", ProbeIAM),
		},
		Remedy: []Step{
			stepShowProfile,
			stepAttachProfile,
			{"If a profile is associated, see whether it holds a role", "aws iam get-instance-profile --instance-profile-name PROFILE --query InstanceProfile.Roles"},
			{Text: "If this instance needs no role by design, run the agent with --expect.profile=optional or forbidden"},
			stepCheckAgain,
		},
		Doc: docNoKeys,
	},
	ConditionInstanceProfileNotFound: {
		Condition: ConditionInstanceProfileNotFound, Severity: SeverityCritical,
		Title:   "The instance profile was deleted (InstanceProfileNotFound)",
		Meaning: "The instance profile that this instance is associated with has been deleted, or deleted and re-created under the same name, and EC2 can no longer provide credentials. Keys already handed out work until they expire.",
		Faces: []Face{
			face(ReasonProfileNotFound, "A document says Code InstanceProfileNotFound."),
		},
		Remedy: []Step{
			{"Read the InstanceProfileId of the profile of that name, if there is one", "aws iam get-instance-profile --instance-profile-name PROFILE --query InstanceProfile.InstanceProfileId"},
			{"Compare it with the id that the instance is associated with; if they differ, the profile was re-created and the association is no longer valid", "aws ec2 describe-instances --instance-ids INSTANCE_ID --query 'Reservations[].Instances[].IamInstanceProfile.Id'"},
			stepAssociation,
			stepReplaceProfile,
			stepWaitRefresh,
		},
		Doc: docProfileMissing,
	},
	ConditionNoRole: {
		Condition: ConditionNoRole, Severity: SeverityCritical,
		Title:   "The instance profile does not contain a role",
		Meaning: "The role has been removed from the instance profile (RemoveRoleFromInstanceProfile, or the role was deleted). EC2 has nothing to assume and hands out no new credentials; old keys work until they expire.",
		Faces: []Face{
			face(ReasonProfileWithoutRole, "iam/info says Success, with the message \"Instance Profile does not contain a role\"."),
			face(ReasonRoleListEmpty, "There is an instance profile, and no role is listed for it."),
		},
		Remedy: []Step{
			stepGetProfile,
			{"Add a role to the profile (it holds one at most)", "aws iam add-role-to-instance-profile --instance-profile-name PROFILE --role-name ROLE"},
			stepWaitRefresh,
		},
		Doc: docNoRole,
	},
	ConditionAssumeRoleUnauthorized: {
		Condition: ConditionAssumeRoleUnauthorized, Severity: SeverityCritical,
		Title:   "EC2 may not assume the role (AssumeRoleUnauthorizedAccess)",
		Meaning: "The trust policy of the role does not let EC2 assume it, so EC2 cannot obtain credentials for this instance.",
		Faces: []Face{
			face(ReasonAssumeRoleRefused, "A document says Code AssumeRoleUnauthorizedAccess."),
		},
		Remedy: []Step{
			stepReadTrust,
			{"Let ec2.amazonaws.com assume the role; keep other statements of the policy that you need", "aws iam update-assume-role-policy --role-name ROLE --policy-document '" + trustPolicy + "'"},
			stepWaitRefresh,
		},
		Doc: docUnauthorized,
	},
	ConditionCredentialsError: {
		Condition: ConditionCredentialsError, Severity: SeverityCritical,
		Title:   "EC2 reports another error for the credentials",
		Meaning: "A document of the iam subtree carries an error code that AWS's page does not list, or the listed role has no document. The code and its message are reported as they came.",
		Faces: []Face{
			face(ReasonOtherCode, "The Code is neither Success nor one of the documented ones."),
			face(ReasonNotFound, "The role that the listing names has no document.", ProbeRoleCredentials),
		},
		Remedy: []Step{
			{Text: "Read the code and the message above: they are EC2's own words"},
			stepShowProfile,
			stepGetProfile,
			stepAssociation,
			stepRenewProfile,
			{Text: "If it lasts, give the code and its time to AWS Support"},
		},
		Doc: docInfoErrors,
	},
	ConditionCredentialsMalformed: {
		Condition: ConditionCredentialsMalformed, Severity: SeverityCritical,
		Title:   "A credentials document cannot be used",
		Meaning: "IMDS answered 200 with a document that clients cannot use: empty, not JSON, or without a field that they need. SDKs report this as \"no credentials\".",
		Faces: []Face{
			face(ReasonEmptyBody, "The document is empty."),
			face(ReasonInvalidJSON, "The document is not valid JSON."),
			face(ReasonFieldMissing, "The document lacks a field that clients need."),
			face(ReasonInvalidTime, "A time in the document is not RFC 3339."),
			face(ReasonInvalidRoleName, "The listing holds something that cannot be the name of a role."),
			face(ReasonNotFound, "iam/info is missing although there is an iam subtree, and the role's document is not good either.", ProbeIAMInfo),
		},
		Remedy: []Step{
			{Text: "Wait for one interval: EC2 may be writing the document"},
			{Text: "Make sure that the answer really is IMDS's: look for a proxy or an agent that rewrites it"},
			stepAssociation,
			stepRenewProfile,
			{Text: "If it lasts, tell AWS Support"},
		},
		Doc: docNoKeys,
	},
	ConditionCredentialsExpired: {
		Condition: ConditionCredentialsExpired, Severity: SeverityCritical,
		Title:   "The credentials have expired",
		Meaning: "The keys that IMDS serves are past their expiry, and AWS services refuse them. SDKs may go on using them, so an application looks alive until its next call.",
		Faces: []Face{
			face(ReasonExpired, "Expiration has passed, by IMDS's own clock."),
		},
		Remedy: []Step{
			{Text: "Find out why EC2 no longer renews them: profile deleted, role removed, trust policy changed"},
			stepShowProfile,
			stepGetProfile,
			stepReadTrust,
			stepAssociation,
			stepRenewProfile,
		},
		Doc: docNoKeys,
	},
	ConditionInfoUnreadable: {
		Condition: ConditionInfoUnreadable, Severity: SeverityWarning,
		Title:   "iam/info cannot be read",
		Meaning: "iam/info is missing, empty or malformed, while the role's credentials are good. No SDK reads iam/info, so applications work. This agent cannot tell how old the credentials are: a refresh that stops is seen only when they have expired.",
		Faces: []Face{
			whole(ReasonNotFound, "iam/info is missing although there is an iam subtree."),
			whole(ReasonEmptyBody, "iam/info is empty."),
			whole(ReasonInvalidJSON, "iam/info is not valid JSON."),
			whole(ReasonFieldMissing, "iam/info lacks a field."),
			whole(ReasonAnswerTruncated, "iam/info ended before its announced length."),
			whole(ReasonAnswerTooLarge, "iam/info is larger than any of IMDS's documents can be."),
			whole(ReasonServerError, "iam/info is answered with a 5xx status."),
			whole(ReasonBadRequest, "iam/info is answered with 400."),
			whole(ReasonForbidden, "iam/info is answered with 403."),
			whole(ReasonMethodNotAllowed, "iam/info is answered with 405."),
			whole(ReasonUnexpectedStatus, "iam/info is answered with a status that IMDS does not send."),
		},
		Remedy: []Step{
			{Text: "Wait for one interval: EC2 may be writing the document"},
			{"See what is answered", "TOKEN=$(curl -sX PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token); curl -si -H \"X-aws-ec2-metadata-token: $TOKEN\" http://169.254.169.254/latest/meta-data/iam/info"},
			{Text: "If a proxy or an agent answers in place of IMDS, let it pass on iam/info"},
			{Text: "If it lasts, give the time and the answer to AWS Support"},
		},
		Doc: docInfoErrors,
	},
	ConditionRotationStalled: {
		Condition: ConditionRotationStalled, Severity: SeverityWarning,
		Title:   "The credentials are no longer renewed",
		Meaning: "EC2 renews keys about hourly and long before they expire; these should have been renewed by now. They still work, and stop working at their expiry.",
		Faces: []Face{
			whole(ReasonLittleLifeLeft, "A smaller share of the keys' life is left than renewal ever leaves (--credentials.stall-ratio)."),
		},
		Remedy: []Step{
			{Text: "Act before the expiry shown above; nothing is broken yet"},
			stepShowProfile,
			stepGetProfile,
			stepReadTrust,
			stepAssociation,
			stepRenewProfile,
		},
		Doc: docNoKeys,
	},
	ConditionWrongRole: {
		Condition: ConditionWrongRole, Severity: SeverityCritical,
		Title:   "The role or profile is not the expected one",
		Meaning: "The instance has an instance profile, but its ARN or its role is not what --expect.profile-arn or --expect.role asks for. Applications run with the permissions of another role.",
		Faces: []Face{
			face(ReasonProfileMismatch, "The instance profile's ARN does not match --expect.profile-arn."),
			face(ReasonRoleMismatch, "The role's name does not match --expect.role."),
		},
		Remedy: []Step{
			stepShowProfile,
			{"If the role in the profile was replaced recently, wait for the next automatically scheduled rotation; see which role the profile holds", "aws iam get-instance-profile --instance-profile-name PROFILE --query 'InstanceProfile.Roles[].RoleName'"},
			stepAssociation,
			{"Associate the expected profile", "aws ec2 replace-iam-instance-profile-association --association-id ASSOCIATION_ID --iam-instance-profile Name=EXPECTED_PROFILE"},
		},
		Doc: docWrongRole,
	},
	ConditionProfileChanged: {
		Condition: ConditionProfileChanged, Severity: SeverityWarning,
		Title:   "The profile was changed; the keys are still the old role's",
		Meaning: "The instance profile or its role was replaced, but IMDS still serves the keys of before. Applications get the new role's keys with the next automatically scheduled rotation.",
		Faces: []Face{
			whole(ReasonProfileReplaced, "Another instance profile is associated."),
			whole(ReasonProfileRecreated, "The instance profile was deleted and re-created under the same name: its InstanceProfileId is a new one."),
			whole(ReasonRoleReplaced, "The role in the instance profile was replaced."),
		},
		Remedy: []Step{
			{Text: "Wait for the next refresh, due within the hour; nothing needs a restart"},
			{"If the change was not meant, see who made it", "aws cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue=PROFILE"},
			{"Make sure that the association is valid: this id must be the one that the instance shows", "aws iam get-instance-profile --instance-profile-name PROFILE --query InstanceProfile.InstanceProfileId"},
			stepShowProfile,
		},
		Doc: docWrongRole,
	},
	ConditionUnexpectedProfile: {
		Condition: ConditionUnexpectedProfile, Severity: SeverityCritical,
		Title:   "An instance profile is present where none is allowed",
		Meaning: "This instance must not have an instance profile (--expect.profile=forbidden), and it has one: every process that reaches IMDS can use its role.",
		Faces: []Face{
			face(ReasonProfilePresent, "iam/ is there, and --expect.profile is forbidden."),
		},
		Remedy: []Step{
			stepAssociation,
			{"Take the profile away", "aws ec2 disassociate-iam-instance-profile --association-id ASSOCIATION_ID"},
			{"See who attached it", "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=AssociateIamInstanceProfile"},
			{Text: "If it is meant, run the agent with --expect.profile=required or optional"},
		},
		Doc: docNoKeys,
	},
	ConditionClockSkewed: {
		Condition: ConditionClockSkewed, Severity: SeverityWarning,
		Title:   "The host clock is off",
		Meaning: "The host's clock is further from IMDS's than --clock.max-skew. AWS still accepts requests that are signed by it; from five minutes on, most services refuse them.",
		Faces: []Face{
			whole(ReasonClockOffset, "IMDS's Date and the host clock differ too much."),
		},
		Remedy: stepsClock,
		Doc:    docClock,
	},
	ConditionClockWrong: {
		Condition: ConditionClockWrong, Severity: SeverityCritical,
		Title:   "The host clock is wrong by five minutes or more",
		Meaning: "Most AWS services refuse requests that are signed more than five minutes off (RequestTimeTooSkewed, SignatureDoesNotMatch), whatever the credentials; Amazon S3 allows fifteen. The SDKs for JavaScript and .NET correct themselves by the answer's Date, botocore does not.",
		Faces: []Face{
			whole(ReasonClockOffset, "IMDS's Date and the host clock differ by five minutes or more."),
		},
		Remedy: stepsClock,
		Doc:    docClock,
	},
}
