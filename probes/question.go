package probes

//nolint:gosec // G101: questions about credentials, none of them
var probeQuestions = [probeCount]string{
	ProbeToken:           "Does IMDS give out a session token?",
	ProbeHostname:        "Does it answer a request with that token?",
	ProbeIAM:             "Is an instance profile associated?",
	ProbeIAMInfo:         "Is that instance profile in order?",
	ProbeRoleList:        "Does it hold a role?",
	ProbeRoleCredentials: "Does the role have valid keys?",
}

// Question says in plain words what the probe finds out.
func (p Probe) Question() string {
	if int(p) >= len(probeQuestions) {
		return ""
	}
	return probeQuestions[p]
}
