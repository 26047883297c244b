"""IAM policies: managed, inline on roles, and attachments.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/iam/policy/,
…/rolepolicy/ and …/rolepolicyattachment/.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.casing import PASCAL
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.documents import as_text
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    Tagging,
    call_or_none,
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties

MISSING = "NoSuchEntity"
VERSIONS_KEPT = 5
"""Maximum number of versions,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""

POLICY_TAGS = Tagging(
    "iam",
    resource="PolicyArn",
    tag="tag_policy",
    untag="untag_policy",
    listing="list_policy_tags",
)


class Policy(Resource):
    """A managed policy; its id is its ARN."""

    token = "aws:iam/policy:Policy"
    takes = ("name", "namePrefix", "path", "description", "policy")
    replaces = frozenset({"name", "namePrefix", "path", "description"})
    autoname = Autoname(limit=128)
    defaults = {"path": "/"}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the policy."""
        answer = aws.client("iam").create_policy(
            PolicyName=inputs["name"],
            PolicyDocument=inputs["policy"],
            Tags=POLICY_TAGS.api(inputs.get("tagsAll")),
            **PASCAL.pick(inputs, "path", "description"),
        )
        return str(answer["Policy"]["Arn"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the policy and the document of its default version."""
        client = aws.client("iam")
        answer = call_or_none(client.get_policy, MISSING, PolicyArn=identity)
        if answer is None:
            return None
        policy = answer["Policy"]
        version = client.get_policy_version(
            PolicyArn=identity, VersionId=policy["DefaultVersionId"]
        )["PolicyVersion"]
        return {
            "name": policy["PolicyName"],
            "path": policy["Path"],
            "description": policy.get("Description") or None,
            "policy": as_text(version["Document"]),
            "arn": identity,
            "policyId": policy["PolicyId"],
            "attachmentCount": policy["AttachmentCount"],
            "tagsAll": POLICY_TAGS.to_dict(policy.get("Tags")),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Write a new default version; delete the oldest one if there are too many."""
        client = aws.client("iam")
        if changed(old, new, "policy"):
            versions = client.list_policy_versions(PolicyArn=identity)["Versions"]
            if len(versions) >= VERSIONS_KEPT:
                past = [entry for entry in versions if not entry["IsDefaultVersion"]]
                oldest = min(past, key=lambda entry: entry["CreateDate"])
                client.delete_policy_version(PolicyArn=identity, VersionId=oldest["VersionId"])
            client.create_policy_version(
                PolicyArn=identity, PolicyDocument=new["policy"], SetAsDefault=True
            )
        POLICY_TAGS.update(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the policy with all its versions."""
        client = aws.client("iam")
        with ignoring_missing(MISSING):
            for version in client.list_policy_versions(PolicyArn=identity)["Versions"]:
                if not version["IsDefaultVersion"]:
                    client.delete_policy_version(PolicyArn=identity, VersionId=version["VersionId"])
            client.delete_policy(PolicyArn=identity)


class RolePolicy(Resource):
    """An inline policy of a role; its id is `role:name`."""

    token = "aws:iam/rolePolicy:RolePolicy"
    takes = ("name", "namePrefix", "role", "policy")
    replaces = frozenset({"name", "namePrefix", "role"})
    autoname = Autoname(limit=128)

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Write the policy."""
        aws.client("iam").put_role_policy(
            RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
        )
        return f"{inputs['role']}:{inputs['name']}"

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the policy."""
        role, _, name = identity.partition(":")
        client = aws.client("iam")
        answer = call_or_none(client.get_role_policy, MISSING, RoleName=role, PolicyName=name)
        if answer is None:
            return None
        return {"role": role, "name": name, "policy": as_text(answer["PolicyDocument"])}

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Write the policy again."""
        self.create(aws, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Remove the policy."""
        role, _, name = identity.partition(":")
        with ignoring_missing(MISSING):
            aws.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


class RolePolicyAttachment(Resource):
    """A managed policy on a role; its id is `role/arn`."""

    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    takes = ("role", "policyArn")
    replaces = frozenset({"role", "policyArn"})

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Attach the policy."""
        aws.client("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}"

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Return whether the policy is attached."""
        role, _, arn = identity.partition("/")
        answer = (
            call_or_none(aws.client("iam").list_attached_role_policies, MISSING, RoleName=role)
            or {}
        )
        attached = {entry["PolicyArn"] for entry in answer.get("AttachedPolicies", [])}
        return {"role": role, "policyArn": arn} if arn in attached else None

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Detach the policy."""
        role, _, arn = identity.partition("/")
        with ignoring_missing(MISSING):
            aws.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)
