package doctor

import "github.com/imds-probe/imds-probe/probes"

// The sections of AWS's page that the agent's catalogue does not link to, and other
// pages.
const (
	docMissingRole = probes.TroubleshootingPage + "#troubleshoot_iam-ec2_missingrole"
	docAddingRole  = probes.TroubleshootingPage + "#troubleshoot_iam-ec2_access-denied-adding-role"
	docLaunch      = probes.TroubleshootingPage + "#troubleshoot_iam-ec2_access-denied-launch"

	docCLI    = "https://docs.aws.amazon.com/cli/latest/userguide/cli-chap-troubleshooting.html"
	docDenied = "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"
)

// The links that are the agent's.
var (
	docNoKeys       = probes.Explain(probes.ConditionNoInstanceProfile).Doc
	docInfoErrors   = probes.Explain(probes.ConditionCredentialsError).Doc
	docUnauthorized = probes.Explain(probes.ConditionAssumeRoleUnauthorized).Doc
)

var (
	stepWhoAmI  = probes.Step{Text: "See who AWS takes you for", Command: "aws sts get-caller-identity"}
	stepSignIn  = probes.Step{Text: "Sign in again, if you use IAM Identity Center", Command: "aws sso login"}
	stepProfArg = probes.Step{Text: "Or choose another profile of the AWS configuration with --profile"}
	stepMake    = probes.Step{Text: "Create an instance profile", Command: "aws iam create-instance-profile --instance-profile-name PROFILE"}
	stepAdd     = probes.Step{Text: "Add the role to it", Command: "aws iam add-role-to-instance-profile --instance-profile-name PROFILE --role-name ROLE"}
	stepReload  = probes.Step{Text: "Reload the console's list; it shows the instance profile's name"}
	stepList    = probes.Step{Text: "List the instance profiles there are, with their roles", Command: "aws iam list-instance-profiles --query 'InstanceProfiles[].[InstanceProfileName,Roles[0].RoleName]'"}
	stepLook    = probes.Step{Text: "See which role the profile holds", Command: "aws iam get-instance-profile --instance-profile-name PROFILE"}
)

// catalogue has an entry for each of the doctor's own conditions.
var catalogue = map[Condition]Entry{
	ConditionNoCredentials: {
		Severity: probes.SeverityUnknown, Title: "No AWS credentials",
		Meaning: "The SDK found no credentials to sign requests with, so nothing could be asked.",
		Remedy:  []probes.Step{stepSignIn, stepProfArg, stepWhoAmI}, Doc: docCLI,
	},
	ConditionRefused: {
		Severity: probes.SeverityUnknown, Title: "AWS does not accept the credentials",
		Meaning: "The access key is unknown or deactivated, its secret is wrong, or it belongs to another partition (aws, aws-cn, aws-us-gov) than the region that is asked.",
		Remedy:  []probes.Step{stepWhoAmI, stepProfArg, {Text: "Make sure that --region is in the partition of the credentials"}}, Doc: docCLI,
	},
	ConditionExpired: {
		Severity: probes.SeverityUnknown, Title: "The session has expired",
		Meaning: "The temporary credentials are past their expiry, so nothing could be asked.",
		Remedy:  []probes.Step{stepSignIn, {Text: "Or assume the role again, and export the new credentials"}}, Doc: docCLI,
	},
	ConditionClock: {
		Severity: probes.SeverityUnknown, Title: "The clock of this machine is wrong",
		Meaning: "AWS refuses requests that were signed at another time than its own.",
		Remedy:  []probes.Step{{Text: "Set the clock", Command: "timedatectl set-ntp true"}}, Doc: docCLI,
	},
	ConditionThrottled: {
		Severity: probes.SeverityUnknown, Title: "AWS throttles API requests",
		Meaning: "The account makes more API requests than it may at the moment.",
		Remedy:  []probes.Step{{Text: "Try again in a minute"}}, Doc: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/throttling.html",
	},
	ConditionUnreachable: {
		Severity: probes.SeverityUnknown, Title: "The AWS API cannot be reached",
		Meaning: "No answer came from the endpoint: no network, a name that does not resolve, a proxy, a wrong --endpoint-url, or less time than it takes (--timeout).",
		Remedy:  []probes.Step{{Text: "Check the network, HTTPS_PROXY and --endpoint-url"}, stepWhoAmI}, Doc: docCLI,
	},
	ConditionAPIError: {
		Severity: probes.SeverityUnknown, Title: "The AWS API answered with an error",
		Meaning: "The answer allows no judgement.",
		Remedy:  []probes.Step{{Text: "Try again; if it lasts, the error above is AWS's own message"}}, Doc: docCLI,
	},
	ConditionOtherPartition: {
		Severity: probes.SeverityCritical, Title: "Two partitions are mixed",
		Meaning: "ARNs, accounts and credentials of one partition (aws, aws-cn, aws-us-gov) mean nothing in another.",
		Remedy:  []probes.Step{{Text: "Give the ARN of a profile in your own partition and account, or just its name"}, {Text: "Or use credentials and a region of the other partition (--profile, --region)"}, stepWhoAmI},
		Doc:     docLaunch,
	},
	ConditionLacking: {
		Severity: probes.SeverityUnknown, Title: "The caller lacks permissions to look",
		Meaning: "No fault found, but permissions are missing to confirm that everything is healthy.",
		Doc:     docDenied,
	},
	ConditionPermissionDepends: {
		Severity: probes.SeverityWarning, Title: "The permission cannot be evaluated from outside",
		Meaning: "IAM's simulator has no value for a condition of the policies, or cannot simulate who asks. Only the real request has all that decides it.",
		Remedy: []probes.Step{
			{Text: "For a launch, ask EC2 itself, which has all values; it starts nothing", Command: "iam-doctor launch --instance-profile PROFILE --dry-run --image-id IMAGE_ID"},
			{Text: "Or sign in as the condition asks for (with MFA, or from the right network) and try the real request"},
		},
		Doc: docDenied,
	},
	ConditionOtherAccount: {
		Severity: probes.SeverityCritical, Title: "The ARN is of another account",
		Meaning: "IAM shows and changes roles and instance profiles of the caller's own account only.",
		Remedy:  []probes.Step{stepWhoAmI, {Text: "Use credentials of that account (--profile), or name what is in your own"}}, Doc: docDenied,
	},
	ConditionSelfUnreachable: {
		Severity: probes.SeverityUnknown, Title: "IMDS on this machine does not answer",
		Meaning: "The instance that this runs on, and its region, are not known without IMDS.",
		Remedy:  []probes.Step{{Text: "See why", Command: "imds-probe check"}, {Text: "Or name the instance in place of --self, with --region"}}, Doc: docNoKeys,
	},
	ConditionNoFault: {
		Severity: probes.SeverityOK, Title: "No fault found through the AWS API",
		Meaning: "EC2 and IAM have all that is needed for credentials. Whether IMDS answers on the instance was not looked at: 'imds-probe check' there shows that, and --from asks its agent.",
		Doc:     docNoKeys,
	},
	ConditionNotRunning: {
		Severity: probes.SeverityUnknown, Title: "The instance is not running",
		Meaning: "Nothing on AWS's side is known to be wrong, but an instance has credentials only while it runs.",
		Remedy:  []probes.Step{{Text: "If it is stopped and should run, start it", Command: "aws ec2 start-instances --instance-ids INSTANCE_ID"}, {Text: "If it is starting, wait until it runs"}}, Doc: docNoKeys,
	},
	ConditionEndpointDiffers: {
		Severity: probes.SeverityCritical, Title: "The agent and EC2 disagree about the metadata endpoint",
		Meaning: "One of them has the endpoint on, the other off. Either a change has not arrived at the instance yet, or something other than IMDS answers the agent.",
		Remedy: []probes.Step{
			{Text: "See whether the change is still pending (State)", Command: "aws ec2 describe-instances --instance-ids INSTANCE_ID --query 'Reservations[].Instances[].MetadataOptions'"},
			{Text: "If it stays pending, apply the option again", Command: "aws ec2 modify-instance-metadata-options --instance-id INSTANCE_ID --http-endpoint enabled"},
			{Text: "If it is applied, look on the instance for a proxy or an agent that answers for IMDS", Command: "imds-probe check"},
		},
		Doc: docNoKeys,
	},
	ConditionRoleRecreated: {
		Severity: probes.SeverityCritical, Title: "The role was re-created after the credentials were issued",
		Meaning: "The credentials are those of a role that was deleted; the role of that name today is another one. IMDS goes on saying Success, and AWS refuses the credentials.",
		Remedy: []probes.Step{
			{Text: "Re-associate the profile; EC2 then fetches new credentials immediately", Command: "aws ec2 replace-iam-instance-profile-association --association-id ASSOCIATION_ID --iam-instance-profile Name=PROFILE"},
			stepFromInside,
		},
		Doc: docInfoErrors,
	},

	ConditionInstanceNotFound: {
		Severity: probes.SeverityUnknown, Title: "There is no such instance",
		Meaning: "The instance is of another region or account, or it was terminated more than an hour ago.",
		Remedy:  []probes.Step{{Text: "Check --region and --profile"}, {Text: "Look for it", Command: "aws ec2 describe-instances --query 'Reservations[].Instances[].InstanceId'"}}, Doc: docNoKeys,
	},
	ConditionInstanceGone: {
		Severity: probes.SeverityUnknown, Title: "The instance is terminated",
		Meaning: "A terminated instance has no credentials, and no association is shown for it.",
		Remedy:  []probes.Step{{Text: "Name an instance that runs"}}, Doc: docNoKeys,
	},
	ConditionTrustDepends: {
		Severity: probes.SeverityWarning, Title: "Whether EC2 may assume the role depends on a condition",
		Meaning: "The trust policy names EC2 under a condition, which EC2's own request must meet. It cannot be evaluated from here: only the instance shows how it ends.",
		Remedy: []probes.Step{
			{Text: "Read the role's trust policy", Command: "aws iam get-role --role-name ROLE --query Role.AssumeRolePolicyDocument"},
			{Text: "See from the instance how it ends", Command: "imds-probe check"},
			{Text: "Or ask the agent on it: --from=http://HOST:16925"},
		},
		Doc: docUnauthorized,
	},
	ConditionAwaitingRefresh: {
		Severity: probes.SeverityWarning, Title: "Fixed; waiting for the instance to pick it up",
		Meaning: "The API no longer shows the cause of what the agent sees; EC2 has not yet refreshed what IMDS serves.",
		Remedy:  []probes.Step{waitForRefresh(), {Text: "If that takes more than an hour, re-associate the profile", Command: "aws ec2 replace-iam-instance-profile-association --association-id ASSOCIATION_ID --iam-instance-profile Name=PROFILE"}},
		Doc:     docInfoErrors,
	},
	ConditionAgentElsewhere: {
		Severity: probes.SeverityUnknown, Title: "The agent is not on this instance",
		Meaning: "The agent that was asked runs on another instance, so its verdict says nothing of this one.",
		Remedy:  []probes.Step{{Text: "Give --from the address of this instance"}}, Doc: docNoKeys,
	},
	ConditionAgentUnusable: {
		Severity: probes.SeverityUnknown, Title: "The agent gave no usable answer",
		Meaning: "What --from names does not answer as an agent does, so the instance's own half is missing.",
		Remedy:  []probes.Step{{Text: "See whether the agent runs, and where it listens (--web.listen-address)", Command: "systemctl status imds-probe"}, {Text: "Or leave --from away"}}, Doc: docNoKeys,
	},

	ConditionRoleListed: {
		Severity: probes.SeverityOK, Title: "The console lists the role",
		Meaning: "The console lists instance profiles, and the profile of the role's name holds the role.",
		Doc:     docMissingRole,
	},
	ConditionOtherName: {
		Severity: probes.SeverityWarning, Title: "The console lists the role under another name",
		Meaning: "The console lists instance profiles, not roles. A role made with the console gets a profile of its own name; one made with the CLI or the API is in whatever profile it was added to.",
		Remedy:  []probes.Step{{Text: "Choose this name in the console, or give it to the CLI", Command: "aws ec2 associate-iam-instance-profile --instance-id INSTANCE_ID --iam-instance-profile Name=PROFILE"}},
		Doc:     docMissingRole,
	},
	ConditionRoleInNoProfile: {
		Severity: probes.SeverityCritical, Title: "No instance profile holds the role",
		Meaning: "The console lists instance profiles, not roles. A role made with the CLI or the API is in none until one is created and the role is added to it.",
		Remedy:  []probes.Step{stepMake, stepAdd, stepReload}, Doc: docMissingRole,
	},
	ConditionOtherRole: {
		Severity: probes.SeverityCritical, Title: "The profile of that name holds another role",
		Meaning: "The console lists instance profiles by their own names: anyone who chooses this name gets the other role. A profile holds one role at most.",
		Remedy:  []probes.Step{stepMake, stepAdd, stepReload}, Doc: docMissingRole,
	},
	ConditionRoleMissing: {
		Severity: probes.SeverityCritical, Title: "There is no such role",
		Meaning: "No role has this name in the account of the caller.",
		Remedy:  []probes.Step{{Text: "List the roles there are", Command: "aws iam list-roles --query 'Roles[].RoleName'"}, stepWhoAmI}, Doc: docMissingRole,
	},
	ConditionListDenied: {
		Severity: probes.SeverityCritical, Title: "Listing instance profiles is not allowed",
		Meaning: "The console fills its list of roles with ListInstanceProfiles; without the permission the list stays empty.",
		Doc:     docMissingRole,
	},

	ConditionProfileMissing: {
		Severity: probes.SeverityCritical, Title: "There is no such instance profile",
		Meaning: "No instance profile has this name in the account of the caller. A role's name is not one, unless the role was made with the console.",
		Remedy:  []probes.Step{stepList, stepMake, stepAdd}, Doc: docLaunch,
	},
	ConditionProfileInvalid: {
		Severity: probes.SeverityCritical, Title: "That cannot be an instance profile",
		Meaning: "A launch takes the name of an instance profile, or its full ARN (arn:aws:iam::ACCOUNT:instance-profile/NAME), and both must be those that GetInstanceProfile shows.",
		Remedy:  []probes.Step{stepList}, Doc: docLaunch,
	},
	ConditionProfileFull: {
		Severity: probes.SeverityCritical, Title: "The profile already holds another role",
		Meaning: "An instance profile holds one role at most, and that limit cannot be raised (LimitExceeded).",
		Remedy: []probes.Step{
			{Text: "Remove the other role; instances with this profile get the new one's credentials with their next refresh", Command: "aws iam remove-role-from-instance-profile --instance-profile-name PROFILE --role-name OTHER_ROLE"},
			{Text: "Add this role", Command: "aws iam add-role-to-instance-profile --instance-profile-name PROFILE --role-name ROLE"},
			{Text: "Or leave it, and make a profile of its own for this role", Command: "aws iam create-instance-profile --instance-profile-name ROLE"},
		},
		Doc: docAddingRole,
	},
	ConditionProfileQuota: {
		Severity: probes.SeverityCritical, Title: "The account has reached its instance-profile quota",
		Meaning: "The quota of instance profiles is used up, so the one that is missing cannot be created.",
		Remedy:  []probes.Step{{Text: "Delete a profile that nothing uses", Command: "aws iam delete-instance-profile --instance-profile-name UNUSED"}, {Text: "Or ask for a higher quota in Service Quotas"}}, Doc: docAddingRole,
	},
	ConditionAddAllowed: {
		Severity: probes.SeverityOK, Title: "The role can be added to the profile",
		Meaning: "Both exist, the profile is empty, and the caller has both permissions that AddRoleToInstanceProfile needs.",
		Remedy:  []probes.Step{stepAdd}, Doc: docAddingRole,
	},
	ConditionAddDone: {
		Severity: probes.SeverityOK, Title: "The profile holds the role already",
		Meaning: "Nothing is to be added.", Doc: docAddingRole,
	},
	ConditionAddDenied: {
		Severity: probes.SeverityCritical, Title: "Adding roles to this profile is not allowed",
		Meaning: "AddRoleToInstanceProfile needs iam:AddRoleToInstanceProfile on the ARN of the profile.",
		Doc:     docAddingRole,
	},
	ConditionPassDenied: {
		Severity: probes.SeverityCritical, Title: "Passing this role to EC2 is not allowed",
		Meaning: "Anyone who adds a role to a profile, or launches an instance with it, passes the role to EC2, and needs iam:PassRole on the ARN of the role.",
		Doc:     docLaunch,
	},

	ConditionAuditClean: {
		Severity: probes.SeverityOK, Title: "No problem found",
		Meaning: "Every instance that was looked at has a profile that exists and holds a role that EC2 is allowed to assume.",
		Doc:     docNoKeys,
	},
	ConditionWithoutProfile: {
		Severity: probes.SeverityWarning, Title: "No instance profile is associated",
		Meaning: "The software on these instances gets no credentials from EC2. That may be meant.",
		Remedy: []probes.Step{
			stepList,
			{Text: "If they need credentials, associate a profile with each", Command: "aws ec2 associate-iam-instance-profile --instance-id INSTANCE_ID --iam-instance-profile Name=VALID_PROFILE"},
		},
		Doc: docNoKeys,
	},
	ConditionIMDSv1: {
		Severity: probes.SeverityWarning, Title: "IMDSv1 is allowed",
		Meaning: "IMDS on these instances answers requests without a session token, so a request that a program is tricked into can read the credentials.",
		Remedy: []probes.Step{
			{Text: "See that nothing uses IMDSv1 any more: CloudWatch's metric MetadataNoToken stays 0"},
			{Text: "Require tokens", Command: "aws ec2 modify-instance-metadata-options --instance-id INSTANCE_ID --http-tokens required --http-endpoint enabled"},
		},
		Doc: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-transition-to-version-2.html",
	},

	ConditionLaunchAllowed: {
		Severity: probes.SeverityOK, Title: "An instance can be launched with the profile",
		Meaning: "The profile exists and holds a role, and the caller may launch instances and pass the role.",
		Doc:     docLaunch,
	},
	ConditionRunDenied: {
		Severity: probes.SeverityCritical, Title: "Launching instances is not allowed",
		Meaning: "Launching an instance needs ec2:RunInstances, with or without a profile: this is not a matter of the role.",
		Doc:     docLaunch,
	},
	ConditionLaunchRefused: {
		Severity: probes.SeverityCritical, Title: "EC2 refuses the launch for another reason",
		Meaning: "The profile is not the cause; the error names what is.",
		Remedy:  []probes.Step{{Text: "Fix what the error names, and try again with --dry-run"}, stepLook}, Doc: docLaunch,
	},
}
