package doctor_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/doctor"
)

// TestAuditWithoutState: an instance whose state EC2 does not tell is looked at.
func TestAuditWithoutState(t *testing.T) {
	r := doctor.JudgeAudit(doctor.AuditFacts{
		Caller: doctor.Answer[doctor.Caller]{Asked: "sts", Value: doctor.Caller{ARN: userARN, Account: account, Partition: "aws"}},
		Regions: []doctor.RegionFacts{{Region: "eu-central-1", Instances: doctor.Answer[[]doctor.Instance]{
			Asked: "ec2", Value: []doctor.Instance{{ID: id(1), HTTPEndpoint: "enabled", HTTPTokens: "required", HopLimit: 2}},
		}}},
	})
	if diff := cmp.Diff(doctor.AuditCounts{Instances: 1}, r.Counts); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"warning instance_without_profile no_association : 1"}, found(r)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestAuditAgentUnusable: an agent that cannot be reached is counted, and is no problem of
// the instance.
func TestAuditAgentUnusable(t *testing.T) {
	f := with("DescribeInstances", describing("", machine{id: id(1), profile: "app"}),
		"ListInstanceProfiles", listing(member("app", roleXML("app", policy(allowEC2)))))
	r := doctor.NewAuditor(f.config()).Audit(t.Context(), doctor.AuditRequest{AskAgent: func(context.Context, string) doctor.Answer[doctor.AgentStatus] {
		return doctor.Answer[doctor.AgentStatus]{Asked: "GET /api/v1/status", Failure: &doctor.Failure{Message: "no answer"}}
	}})
	want := doctor.AuditCounts{Instances: 1, Clean: 1, AgentsAsked: 1}
	if diff := cmp.Diff(want, r.Counts); diff != "" || len(r.Problems) != 0 {
		t.Errorf("%+v -want +got:\n%s", r.Problems, diff)
	}
}

// TestAuditProblemOfNoInstance: a problem that is none of an instance has an empty list of
// them, which scripts can go through.
func TestAuditProblemOfNoInstance(t *testing.T) {
	r := doctor.NewAuditor(with("DescribeInstances", ec2Error("RequestLimitExceeded", "slow")).config()).Audit(t.Context(), doctor.AuditRequest{})
	if diff := cmp.Diff([]doctor.InstanceRef{}, r.Problems[0].Instances); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestAuditNobodyAsked: who may not ask does not hear that instances are missing.
func TestAuditNobodyAsked(t *testing.T) {
	r := doctor.NewAuditor(with("GetCallerIdentity", iamError("ExpiredToken", "expired")).config()).
		Audit(t.Context(), doctor.AuditRequest{IDs: []string{id(1)}})
	if diff := cmp.Diff([]string{"unknown caller_token_expired expired_token : "}, found(r)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
