package probes

// Status says how a probe ended. The zero value is [StatusUnknown]: not run.
type Status uint8

// The statuses of a probe.
const (
	// StatusUnknown means that the probe has not run.
	StatusUnknown Status = iota
	// StatusPass means that the probe saw what it should.
	StatusPass
	// StatusSkip means that a probe which this one needs did not pass.
	StatusSkip
	// StatusFail means that the probe saw something wrong.
	StatusFail
)

var statusNames = []string{
	StatusUnknown: "unknown",
	StatusPass:    "pass",
	StatusSkip:    "skip",
	StatusFail:    "fail",
}

// String returns the contract's name of the status.
func (s Status) String() string { return enumName("Status", statusNames, s) }

// MarshalText implements [encoding.TextMarshaler].
func (s Status) MarshalText() ([]byte, error) { return enumText("status", statusNames, s) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *Status) UnmarshalText(text []byte) (err error) {
	*s, err = enumParse[Status]("status", statusNames, text)
	return err
}

// Probe names a step of the ladder.
type Probe uint8

// The probes in the order of the ladder.
const (
	// ProbeToken asks for a session token (PUT /latest/api/token).
	ProbeToken Probe = iota
	// ProbeHostname asks for hostname, AWS's own test of "is IMDS reachable".
	ProbeHostname
	// ProbeIAM asks for iam/, which is there exactly when a profile is associated.
	ProbeIAM
	// ProbeIAMInfo asks for iam/info, the state of the profile.
	ProbeIAMInfo
	// ProbeRoleList asks for iam/security-credentials/, the name of the role.
	ProbeRoleList
	// ProbeRoleCredentials asks for the role's document, the keys themselves.
	ProbeRoleCredentials

	probeCount = iota
)

var probeNames = []string{
	ProbeToken:           "token",
	ProbeHostname:        "hostname",
	ProbeIAM:             "iam",
	ProbeIAMInfo:         "iam_info",
	ProbeRoleList:        "role_list",
	ProbeRoleCredentials: "role_credentials",
}

// Ladder returns the probes of a round in their order.
func Ladder() []Probe {
	return []Probe{ProbeToken, ProbeHostname, ProbeIAM, ProbeIAMInfo, ProbeRoleList, ProbeRoleCredentials}
}

// String returns the contract's name of the probe.
func (p Probe) String() string { return enumName("Probe", probeNames, p) }

// MarshalText implements [encoding.TextMarshaler].
func (p Probe) MarshalText() ([]byte, error) { return enumText("probe", probeNames, p) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (p *Probe) UnmarshalText(text []byte) (err error) {
	*p, err = enumParse[Probe]("probe", probeNames, text)
	return err
}

// Verdict is the judgement of one probe.
type Verdict struct {
	Status Status
	Reason Reason
}

// Genuine tells whether what the probe saw is IMDS's own word, and whole: it passed,
// or it failed for what that word says and not for how it came.
func (v Verdict) Genuine() bool {
	switch v.Reason { //nolint:exhaustive // what IMDS itself may say, though it is bad news
	case ReasonProfileMismatch, ReasonRoleMismatch, ReasonProfilePresent, ReasonProfileNotFound,
		ReasonProfileWithoutRole, ReasonAssumeRoleRefused, ReasonOtherCode, ReasonExpired:
		return true
	}
	return v.Status == StatusPass
}

func pass(r Reason) Verdict { return Verdict{Status: StatusPass, Reason: r} }
func skip(r Reason) Verdict { return Verdict{Status: StatusSkip, Reason: r} }
func fail(r Reason) Verdict { return Verdict{Status: StatusFail, Reason: r} }
