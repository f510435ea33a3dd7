package doctor

import (
	"strings"

	"github.com/imds-probe/imds-probe/probes"
)

// trustStep judges whether EC2 may assume the role.
func trustStep(asked string, role Role, partition string) Step {
	services := EC2Services(partition)
	ruling := EvaluateTrust(role.Trust, services)
	who := "EC2 may not assume role " + clean(role.Name) + ": "
	switch ruling.Trust {
	case TrustAllows:
		return passed(stepTrust, asked, "EC2 may assume role "+clean(role.Name)+": "+ruling.Detail)
	case TrustDepends:
		return undecided(stepTrust, asked, reasonTrustDepends,
			"whether EC2 may assume role "+clean(role.Name)+" depends: "+ruling.Detail, ConditionTrustDepends)
	case TrustDenies:
		return failed(stepTrust, asked, reasonTrustDenies, who+ruling.Detail, daemon(probes.ConditionAssumeRoleUnauthorized)).
			mend(denyingTrustSteps(ruling)...)
	case TrustSilent:
		return silentTrustStep(failed(stepTrust, asked, reasonTrustSilent, who+ruling.Detail,
			daemon(probes.ConditionAssumeRoleUnauthorized)), role.Trust, services)
	case TrustMalformed:
	}
	return undecided(stepTrust, asked, reasonTrustMalformed,
		"the trust policy of role "+clean(role.Name)+" cannot be read: "+ruling.Detail, ConditionAPIError)
}

// silentTrustStep puts the role's own policy in place, with EC2 in it under the
// partition's own name.
func silentTrustStep(s Step, policy string, services []string) Step {
	fixed, dropped, ok := FixTrust(policy, services[len(services)-1])
	if !ok {
		return s
	}
	save := "Save the trust policy below as trust.json: it is the role's own, with a statement added that lets EC2 assume the role"
	if len(dropped) > 0 {
		save += ", and without " + clean(strings.Join(dropped, ", ")) + ", which IAM does not accept as a principal"
	}
	return s.putting(fixed).mend(
		probes.Step{Text: save},
		probes.Step{Text: "Put it in place", Command: "aws iam update-assume-role-policy --role-name ROLE --policy-document file://trust.json"},
		waitForRefresh(),
	)
}

// denyingTrustSteps lead to the statement to remove. Which part of it is meant
// only its author knows.
func denyingTrustSteps(r Ruling) []probes.Step {
	return []probes.Step{
		{Text: "Read the role's trust policy", Command: "aws iam get-role --role-name ROLE --query Role.AssumeRolePolicyDocument"},
		{Text: "Remove the denial of EC2 from it (" + strings.TrimSuffix(r.Detail, " denies it") + ") and save the rest as trust.json; a denial wins over every allow"},
		{Text: "Put it in place", Command: "aws iam update-assume-role-policy --role-name ROLE --policy-document file://trust.json"},
		waitForRefresh(),
	}
}

func waitForRefresh() probes.Step {
	return probes.Step{Text: "Wait for the next automatically scheduled refresh: after a failure EC2 retries automatically; no restart is needed"}
}
