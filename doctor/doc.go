// Package doctor answers the half of AWS's page "Troubleshooting IAM and Amazon
// EC2" that only the AWS API can answer, and confirms what the agent on an
// instance suspects.
//
// There is one ladder of steps for each topic of the page:
//
//	instance   what an instance is associated with, and whether EC2 can use it
//	role       why a role is missing from the console's list
//	add-role   why AddRoleToInstanceProfile is refused
//	launch     why launching an instance with a profile is refused
//
// An [Auditor] walks the ladder of "instance" for all instances of an account.
//
// A topic is asked in two parts. The edge (a method of [Doctor]) makes the API
// requests and keeps each as an [Answer]. The core (DiagnoseInstance and its
// like) is pure: the same answers always give the same [Report], with one
// verdict, its meaning and its remedy. Where a condition is one that the agent
// knows, it has the agent's name, and its words only where the agent saw
// it.
//
// Only Describe, Get, List, Simulate and Decode requests are made, and
// RunInstances with DryRun. A permission that the caller lacks is reported by
// name, with the policy that would grant it; it is never an error.
package doctor
