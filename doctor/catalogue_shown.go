package doctor

import "github.com/imds-probe/imds-probe/probes"

// shownByAPI is what the doctor says of the agent's conditions that the API alone
// can find: severity and link are the agent's, the words say nothing of IMDS, which
// nobody asked.
var shownByAPI = map[probes.Condition]Entry{
	probes.ConditionIMDSDisabled: {
		Title:   "The metadata endpoint of this instance is disabled",
		Meaning: "EC2 has HttpEndpoint=disabled for the instance, so no software on it can get credentials of the instance profile.",
		Remedy: []probes.Step{
			{Text: "Turn the endpoint on", Command: "aws ec2 modify-instance-metadata-options --instance-id INSTANCE_ID --http-endpoint enabled"},
			stepFromInside,
		},
	},
	probes.ConditionHopLimitTooLow: {
		Title:   "The hop limit of token responses is too low for containers",
		Meaning: "EC2 has HttpPutResponseHopLimit=1 for the instance: the response to a token request does not get past the host, so a container behind a bridge gets no token.",
		Remedy: []probes.Step{
			{Text: "Raise the hop limit: 2 for containers behind one bridge, more for each further router", Command: "aws ec2 modify-instance-metadata-options --instance-id INSTANCE_ID --http-put-response-hop-limit 2 --http-endpoint enabled"},
			{Text: "Or give the workload its credentials in another way: host networking, EKS Pod Identity, IRSA, an ECS task role"},
		},
	},
	probes.ConditionNoInstanceProfile: {
		Title:   "No instance profile is associated",
		Meaning: "EC2 has no instance profile for the instance, so there are no credentials for the software on it.",
		Remedy: []probes.Step{
			stepList,
			{Text: "Associate one of them with the instance", Command: "aws ec2 associate-iam-instance-profile --instance-id INSTANCE_ID --iam-instance-profile Name=VALID_PROFILE"},
		},
	},
	probes.ConditionInstanceProfileNotFound: {
		Title:   "The associated instance profile was deleted",
		Meaning: "The instance profile that the instance is associated with was deleted, or deleted and re-created under the same name. EC2 provides no new credentials; those already issued remain valid until they expire.",
		Remedy: []probes.Step{
			stepList,
			{Text: "Associate one of them in place of the deleted one", Command: "aws ec2 replace-iam-instance-profile-association --association-id ASSOCIATION_ID --iam-instance-profile Name=VALID_PROFILE"},
			waitForRefresh(),
		},
	},
	probes.ConditionNoRole: {
		Title:   "The instance profile does not contain a role",
		Meaning: "EC2 has no role to assume and issues no new credentials; those already issued remain valid until they expire.",
		Remedy: []probes.Step{
			{Text: "Add a role to the profile", Command: "aws iam add-role-to-instance-profile --instance-profile-name PROFILE --role-name ROLE"},
			waitForRefresh(),
		},
	},
	probes.ConditionAssumeRoleUnauthorized: {
		Title:   "EC2 is not allowed to assume the role",
		Meaning: "The role's trust policy does not let EC2 assume the role, so EC2 issues no new credentials; those already issued remain valid until they expire.",
	},
	probes.ConditionWrongRole: {
		Title:   "The role is not the expected one",
		Meaning: "The associated instance profile holds another role than --expect-role names: programs on the instance have the permissions of that role.",
	},
	probes.ConditionProfileChanged: {
		Title:   "The profile was changed; the instance still has the previous credentials",
		Meaning: "The instance profile or its role was replaced after the instance last got credentials. Programs get those of the new role with the next automatically scheduled refresh.",
		Remedy: []probes.Step{
			{Text: "Wait for the next automatically scheduled refresh, due within the hour; no restart is needed"},
			{Text: "If the change was not meant, see who made it", Command: "aws cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue=PROFILE"},
		},
	},
}

var stepFromInside = probes.Step{Text: "Confirm from the instance", Command: "imds-probe check"}
