"""moto's server on a free loopback port, with six things fixed in which moto
differs from AWS and that this suite needs. It prints the port, and ends when
its standard input does. With two arguments, N and M, it holds N instances of M
profiles from the start.

1. DescribeInstances: IamInstanceProfile.Id is the id of the profile at the time
   of the association; moto puts the id of the association there.
2. RunInstances with a profile needs iam:PassRole on its role; moto asks for
   ec2:RunInstances only.
3. SimulatePrincipalPolicy, which moto lacks: the principal's real policies, as
   moto holds them, matched with moto's own matchers.
4. A role's permissions boundary is part of that; moto stores it only.
5. A refusal has the shape that the service's own errors have, and EC2's code for
   it is UnauthorizedOperation; moto answers for all services alike, in a shape
   that IAM's and STS's clients cannot read.
6. RunInstances, and what IAM reads and changes of one role or profile, is
   authorized on the ARNs that AWS names; moto asks for all of it on "*", so that
   no narrow policy is enough.
   Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

import copy
import json
import sys
import threading
from xml.sax.saxutils import escape

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.models import iam_instance_profile as associations
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.utils import filter_iam_instance_profiles
from moto.iam.access_control import (
    IAMPolicy,
    IAMPolicyStatement,
    IAMRequest,
    PermissionResult,
    create_access_key,
)
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.iam.responses import IamResponse
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server


def refuse_as_aws_does():
    def mended(name):
        refuse = getattr(IAMRequest, name)

        def raising(self, *args):
            try:
                refuse(self, *args)
            except HTTPException as e:
                code, message = e.error_type, e.message
                if name == "_raise_access_denied":
                    why = f"because no identity-based policy allows the {self._action} action"
                    if denies(self):
                        why = "with an explicit deny in an identity-based policy"
                    message = f"{message.rstrip()}{getattr(self, '_denied_on', '')} {why}"
                message = escape(message)
                if self._service == "ec2" and code == "AccessDenied":
                    code = "UnauthorizedOperation"
                error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
                if self._service == "ec2":
                    e.description = f"<Response><Errors>{error}</Errors></Response>"
                else:
                    e.description = f"<ErrorResponse>{error}</ErrorResponse>"
                raise

        setattr(IAMRequest, name, raising)

    for name in ("_raise_access_denied", "_raise_invalid_access_key", "_raise_signature_does_not_match"):
        mended(name)


def resources_of(request):
    """Returns the ARNs on which AWS authorizes the request, or ["*"]."""
    action, data = request._action, request._data
    partition = "aws-cn" if request._region.startswith("cn-") else "aws"
    account = request._access_key.account_id

    def first(name):
        value = data.get(name, data.get(name + ".1", "*"))
        return value[0] if isinstance(value, list) else value

    if action == "ec2:RunInstances":
        prefix = f"arn:{partition}:ec2:{request._region}"
        found = [f"{prefix}:{account}:{kind}/*" for kind in ("instance", "volume", "network-interface")]
        found.append(f"{prefix}::image/{first('ImageId')}")
        found.append(f"{prefix}:{account}:subnet/{first('SubnetId')}")
        found.append(f"{prefix}:{account}:security-group/{first('SecurityGroupId')}")
        return found
    if action in ("iam:GetRole", "iam:ListInstanceProfilesForRole"):
        return [f"arn:{partition}:iam::{account}:role/{first('RoleName')}"]
    if action in ("iam:GetInstanceProfile",):
        return [f"arn:{partition}:iam::{account}:instance-profile/{first('InstanceProfileName')}"]
    if action == "iam:SimulatePrincipalPolicy":
        return [first("PolicySourceArn")]
    return ["*"]


def denies(request):
    """Tells whether a statement denies the request."""
    on = getattr(request, "_denied_on", "").removeprefix(" on resource: ") or "*"
    return any(
        IAMPolicy(p).is_action_permitted(request._action, on) == PermissionResult.DENIED
        for p in request._access_key.collect_policies()
    )


def authorize_on_resources():
    check = IAMRequest.check_action_permitted

    def check_each(self, resource):
        if resource != "*":
            return check(self, resource)
        for arn in resources_of(self):
            self._denied_on = "" if arn == "*" else f" on resource: {arn}"
            check(self, arn)

    IAMRequest.check_action_permitted = check_each


def keep_profile_id():
    made = associations.IamInstanceProfileAssociation.__init__

    def init(self, ec2_backend, association_id, instance, iam_instance_profile):
        made(self, ec2_backend, association_id, instance, iam_instance_profile)
        instance.iam_instance_profile = {
            "Arn": iam_instance_profile.arn,
            "Id": iam_instance_profile.id,
        }

    associations.IamInstanceProfileAssociation.__init__ = init


def statements(document):
    found = json.loads(document)["Statement"]
    return found if isinstance(found, list) else [found]


def matching(document, action, resource, context):
    """Yields the effects of the statements that are about the request."""
    for statement in statements(document):
        s = IAMPolicyStatement(statement)
        if "NotAction" in statement:
            concerned = not s._check_element_matches("NotAction", action)
        else:
            concerned = s._check_element_matches("Action", action)
        if not concerned or not s._check_element_matches("Resource", resource):
            continue
        wanted = statement.get("Condition", {}).get("StringEquals", {})
        if all(context.get(key) == value for key, value in wanted.items()):
            yield statement["Effect"]


def documents_of(backend, arn):
    """Returns the principal's policies as (id, type, document), and its boundary."""
    kind, name = arn.split(":", 5)[5].split("/", 1)
    name = name.split("/")[-1]
    if kind == "user":
        backend.get_user(name)
        found = [
            (f"user_{name}_{p}", "user", backend.get_user_policy(name, p)["policy_document"])
            for p in backend.list_user_policies(name)
        ]
        attached, _ = backend.list_attached_user_policies(name)
        boundary = None
    else:
        boundary = backend.get_role(name).permissions_boundary_arn
        found = [
            (f"role_{name}_{p}", "role", backend.get_role_policy(name, p)[1])
            for p in backend.list_role_policies(name)
        ]
        attached, _ = backend.list_attached_role_policies(name)
    found += [(p.name, "user-managed", IAMPolicy(p)._policy_json) for p in attached]
    found = [(i, t, d if isinstance(d, str) else json.dumps(d)) for i, t, d in found]
    if boundary:
        boundary = json.dumps(IAMPolicy(backend.get_policy(boundary))._policy_json)
    return found, boundary


def decide(backend, arn, action, resource, context):
    documents, boundary = documents_of(backend, arn)
    effects, matched = set(), []
    for policy, source, document in documents:
        for effect in matching(document, action, resource, context):
            effects.add(effect)
            matched.append({"SourcePolicyId": policy, "SourcePolicyType": source})
    within = boundary is None or "Allow" in matching(boundary, action, resource, context)
    if "Deny" in effects:
        decision = "explicitDeny"
    elif "Allow" in effects and within:
        decision = "allowed"
    else:
        decision = "implicitDeny"
    result = {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": decision,
        "MatchedStatements": matched,
        "MissingContextValues": [],
    }
    if boundary is not None:
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": within}
    return result


def simulate_principal_policy(self):
    arn = self._get_param("PolicySourceArn")
    context = {
        e["ContextKeyName"]: e["ContextKeyValues"][0]
        for e in self._get_param("ContextEntries", [])
    }
    if arn.split(":")[2] != "iam":
        raise NotFoundException(f"Invalid Entity Arn: {arn}")
    results = [
        decide(self.backend, arn, action, resource, context)
        for action in self._get_param("ActionNames")
        for resource in self._get_param("ResourceArns", ["*"])
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def check_pass_role():
    run = InstanceResponse.run_instances

    def run_instances(self):
        name = self._get_param("IamInstanceProfile.Name")
        arn = self._get_param("IamInstanceProfile.Arn")
        if name or arn:
            profile = filter_iam_instance_profiles(
                self.current_account, self.partition, arn, name
            )
            for role in profile.roles:
                allow_pass(self, role)
        return run(self)

    InstanceResponse.run_instances = run_instances


class PassRoleDenied(EC2ClientError):
    def __init__(self, user, role):
        message = f"You are not authorized to perform this operation. User: {user} is not authorized to perform: iam:PassRole on resource: {role}"
        super().__init__("UnauthorizedOperation", message)


def allow_pass(response, role):
    key = create_access_key(
        response.current_account, response.partition, response.get_access_key(), response.headers
    )
    backend = iam_backends[response.current_account][response.partition]
    principal = key.arn
    if ":assumed-role/" in principal:
        principal = backend.get_role(principal.split("/")[1]).arn
    context = {"iam:PassedToService": "ec2.amazonaws.com"}
    if decide(backend, principal, "iam:PassRole", role.arn, context)["EvalDecision"] != "allowed":
        raise PassRoleDenied(key.arn, role.arn)


def seed(instances, profiles):
    """Makes an account of running instances, spread over profiles with a role each.
    Of the roles every tenth trusts another service. They are copies of one instance,
    since moto takes minutes to launch thousands."""
    account, region = "123456789012", "us-east-1"
    iam, ec2 = iam_backends[account]["aws"], ec2_backends[account][region]
    first = ec2.run_instances(next(iter(ec2.amis)), 1, "", [], instance_type="t3.micro", owner_id=account, is_instance_type_default=False)
    ec2.reservations.clear()
    made = []
    for n in range(profiles):
        service = "lambda" if n % 10 == 9 else "ec2"
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
        iam.create_role(f"r{n}", json.dumps(trust), "/", None, "", [], "3600")
        made.append(iam.create_instance_profile(f"p{n}", "/", [], []))
        iam.add_role_to_instance_profile(f"p{n}", f"r{n}")
    for n in range(instances):
        reservation, instance = copy.copy(first), copy.copy(first.instances[0])
        instance.id, reservation.id = f"i-{n:017x}", f"r-{n:017x}"
        profile = made[n % profiles]
        instance.iam_instance_profile = {"Arn": profile.arn, "Id": profile.id}
        reservation.instances = [instance]
        ec2.reservations[reservation.id] = reservation


def main():
    refuse_as_aws_does()
    authorize_on_resources()
    keep_profile_id()
    check_pass_role()
    IamResponse.simulate_principal_policy = simulate_principal_policy
    if len(sys.argv) == 3:
        seed(int(sys.argv[1]), int(sys.argv[2]))
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    print(server.port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
