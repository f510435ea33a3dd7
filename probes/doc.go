// Package probes asks the EC2 instance metadata service (IMDS) what AWS's page
// "Troubleshooting IAM and Amazon EC2" asks of it, and names the one root cause
// of what it saw.
//
// A [Round] is one pass over the ladder for one vantage:
//
//	token → hostname → iam → iam_info → role_list → role_credentials
//
// Every HTTP request goes through a recorder that keeps an [Exchange] (never a
// body) and turns the answer into an [Observation]. [Classify] judges one
// observation, [Diagnose] the whole round. Both are pure: the same observations
// always give the same [Condition]. What each condition means and how to mend
// it stands in the catalogue, see [Explain].
//
// The package logs nothing and exports no metrics; package agent does.
package probes
