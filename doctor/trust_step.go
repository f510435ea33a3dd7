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
			mend(nil, denyingTrustSteps(ruling)...)
	case TrustSilent:
		return failed(stepTrust, asked, reasonTrustSilent, who+ruling.Detail, daemon(probes.ConditionAssumeRoleUnauthorized)).
			mend(mendedTrust(role.Trust, services), silentTrustSteps()...)
	case TrustMalformed:
	}
	return undecided(stepTrust, asked, reasonTrustMalformed,
		"the trust policy of role "+clean(role.Name)+" cannot be read: "+ruling.Detail, ConditionAPIError)
}

// mendedTrust is the policy to put in place, under the partition's own name of EC2.
func mendedTrust(policy string, services []string) any {
	if mended, ok := MendTrust(policy, services[len(services)-1]); ok {
		return mended
	}
	return nil
}

// silentTrustSteps put the report's policy in place of the one that lacks EC2.
func silentTrustSteps() []probes.Step {
	return []probes.Step{
		{Text: "Save the trust policy below as trust.json: it is the role's own, with a statement added that lets EC2 assume the role"},
		{Text: "Put it in place", Command: "aws iam update-assume-role-policy --role-name ROLE --policy-document file://trust.json"},
		waitForRefresh(),
	}
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
	return probes.Step{Text: "Wait for the next automatically scheduled refresh: after a refusal EC2 retries by itself; no restart is needed"}
}
