"""IAM roles, instance profiles and OpenID Connect providers.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/iam/role/,
…/instanceprofile/ and …/openidconnectprovider/.
"""

from __future__ import annotations

from typing import Any

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
ROLE_TAGS = Tagging(
    "iam", resource="RoleName", tag="tag_role", untag="untag_role", listing="list_role_tags"
)
PROFILE_TAGS = Tagging(
    "iam",
    resource="InstanceProfileName",
    tag="tag_instance_profile",
    untag="untag_instance_profile",
    listing="list_instance_profile_tags",
)
OIDC_TAGS = Tagging(
    "iam",
    resource="OpenIDConnectProviderArn",
    tag="tag_open_id_connect_provider",
    untag="untag_open_id_connect_provider",
    listing="list_open_id_connect_provider_tags",
)


class Role(Resource):
    """A role and its trust policy; its id is its name."""

    token = "aws:iam/role:Role"
    takes = (
        "name",
        "namePrefix",
        "path",
        "description",
        "assumeRolePolicy",
        "maxSessionDuration",
        "permissionsBoundary",
        "forceDetachPolicies",
        "managedPolicyArns",
        "inlinePolicies",
    )
    replaces = frozenset({"name", "namePrefix", "path"})
    autoname = Autoname(limit=64)
    defaults = {"path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": False}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the role."""
        arguments = PASCAL.pick(inputs, "path", "description", "maxSessionDuration")
        if inputs.get("permissionsBoundary"):
            arguments["PermissionsBoundary"] = inputs["permissionsBoundary"]
        aws.client("iam").create_role(
            RoleName=inputs["name"],
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Tags=ROLE_TAGS.api(inputs.get("tagsAll")),
            **arguments,
        )
        return str(inputs["name"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Attach and write the policies that are set on the role itself."""
        client = aws.client("iam")
        for arn in inputs.get("managedPolicyArns") or []:
            client.attach_role_policy(RoleName=identity, PolicyArn=arn)
        for entry in inputs.get("inlinePolicies") or []:
            client.put_role_policy(
                RoleName=identity, PolicyName=entry["name"], PolicyDocument=entry["policy"]
            )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the role; its policies only if they are set on the role itself."""
        client = aws.client("iam")
        answer = call_or_none(client.get_role, MISSING, RoleName=identity)
        if answer is None:
            return None
        role = answer["Role"]
        actual = {
            "name": role["RoleName"],
            "path": role["Path"],
            "description": role.get("Description") or None,
            "assumeRolePolicy": as_text(role["AssumeRolePolicyDocument"]),
            "maxSessionDuration": role["MaxSessionDuration"],
            "permissionsBoundary": role.get("PermissionsBoundary", {}).get(
                "PermissionsBoundaryArn"
            ),
            "arn": role["Arn"],
            "uniqueId": role["RoleId"],
            "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tagsAll": ROLE_TAGS.to_dict(role.get("Tags")),
        }
        if state.get("managedPolicyArns"):
            attached = client.list_attached_role_policies(RoleName=identity)["AttachedPolicies"]
            actual["managedPolicyArns"] = [entry["PolicyArn"] for entry in attached]
        if state.get("inlinePolicies"):
            actual["inlinePolicies"] = _inline(client, identity)
        return actual

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change trust, description, session length, boundary, policies and tags."""
        client = aws.client("iam")
        if changed(old, new, "assumeRolePolicy"):
            client.update_assume_role_policy(
                RoleName=identity, PolicyDocument=new["assumeRolePolicy"]
            )
        if changed(old, new, "description", "maxSessionDuration"):
            client.update_role(
                RoleName=identity,
                Description=new.get("description") or "",
                MaxSessionDuration=new["maxSessionDuration"],
            )
        if changed(old, new, "permissionsBoundary"):
            if new.get("permissionsBoundary"):
                client.put_role_permissions_boundary(
                    RoleName=identity, PermissionsBoundary=new["permissionsBoundary"]
                )
            else:
                client.delete_role_permissions_boundary(RoleName=identity)
        if changed(old, new, "managedPolicyArns", "inlinePolicies"):
            _drop_policies(client, identity, old)
            self.finish(aws, identity, new)
        ROLE_TAGS.update(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the role with the policies that are set on it."""
        client = aws.client("iam")
        with ignoring_missing(MISSING):
            _drop_policies(client, identity, state)
            if state.get("forceDetachPolicies"):
                attached = client.list_attached_role_policies(RoleName=identity)
                for entry in attached["AttachedPolicies"]:
                    client.detach_role_policy(RoleName=identity, PolicyArn=entry["PolicyArn"])
                for entry in _inline(client, identity):
                    client.delete_role_policy(RoleName=identity, PolicyName=entry["name"])
            client.delete_role(RoleName=identity)


class InstanceProfile(Resource):
    """A profile that gives an instance a role; its id is its name."""

    token = "aws:iam/instanceProfile:InstanceProfile"
    takes = ("name", "namePrefix", "path", "role")
    replaces = frozenset({"name", "namePrefix", "path"})
    autoname = Autoname(limit=128)
    defaults = {"path": "/"}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the profile."""
        aws.client("iam").create_instance_profile(
            InstanceProfileName=inputs["name"],
            Path=inputs["path"],
            Tags=PROFILE_TAGS.api(inputs.get("tagsAll")),
        )
        return str(inputs["name"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Add the role to it."""
        if inputs.get("role"):
            aws.client("iam").add_role_to_instance_profile(
                InstanceProfileName=identity, RoleName=inputs["role"]
            )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the profile and its role."""
        answer = call_or_none(
            aws.client("iam").get_instance_profile, MISSING, InstanceProfileName=identity
        )
        if answer is None:
            return None
        profile = answer["InstanceProfile"]
        roles = [role["RoleName"] for role in profile["Roles"]]
        return {
            "name": profile["InstanceProfileName"],
            "path": profile["Path"],
            "role": roles[0] if roles else None,
            "arn": profile["Arn"],
            "uniqueId": profile["InstanceProfileId"],
            "createDate": profile["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tagsAll": PROFILE_TAGS.to_dict(profile.get("Tags")),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change the role and the tags."""
        if changed(old, new, "role"):
            self._remove_role(aws, identity, old)
            self.finish(aws, identity, new)
        PROFILE_TAGS.update(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Remove the role and delete the profile."""
        self._remove_role(aws, identity, state)
        with ignoring_missing(MISSING):
            aws.client("iam").delete_instance_profile(InstanceProfileName=identity)

    def _remove_role(self, aws: Cloud, identity: str, state: Properties) -> None:
        if state.get("role"):
            with ignoring_missing(MISSING):
                aws.client("iam").remove_role_from_instance_profile(
                    InstanceProfileName=identity, RoleName=state["role"]
                )


class OpenIdConnectProvider(Resource):
    """Trust in an issuer of identity tokens; its id is its ARN."""

    token = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    takes = ("url", "clientIdLists", "thumbprintLists")
    replaces = frozenset({"url"})
    delete_first = True

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Register the issuer."""
        answer = aws.client("iam").create_open_id_connect_provider(
            Url=inputs["url"],
            ClientIDList=inputs["clientIdLists"],
            ThumbprintList=inputs.get("thumbprintLists") or ["0" * 40],
            Tags=OIDC_TAGS.api(inputs.get("tagsAll")),
        )
        return str(answer["OpenIDConnectProviderArn"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the issuer."""
        client = aws.client("iam")
        where = {"OpenIDConnectProviderArn": identity}
        answer = call_or_none(client.get_open_id_connect_provider, MISSING, **where)
        if answer is None:
            return None
        url = answer["Url"]
        return {
            "url": url if url.startswith("https://") else f"https://{url}",
            "clientIdLists": answer.get("ClientIDList", []),
            "thumbprintLists": answer.get("ThumbprintList", []),
            "arn": identity,
            "tagsAll": OIDC_TAGS.to_dict(answer.get("Tags")),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change thumbprints and tags; the emulator cannot change audiences, so create it again."""
        if changed(old, new, "clientIdLists"):
            self.delete(aws, identity, old)
            self.create(aws, new)
            return
        if new.get("thumbprintLists") and changed(old, new, "thumbprintLists"):
            aws.client("iam").update_open_id_connect_provider_thumbprint(
                OpenIDConnectProviderArn=identity, ThumbprintList=new["thumbprintLists"]
            )
        OIDC_TAGS.update(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the provider."""
        with ignoring_missing(MISSING):
            aws.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=identity)


def _inline(client: Any, role: str) -> list[Properties]:
    names = client.list_role_policies(RoleName=role)["PolicyNames"]
    documents = (client.get_role_policy(RoleName=role, PolicyName=name) for name in names)
    return [
        {"name": answer["PolicyName"], "policy": as_text(answer["PolicyDocument"])}
        for answer in documents
    ]


def _drop_policies(client: Any, role: str, state: Properties) -> None:
    for arn in state.get("managedPolicyArns") or []:
        with ignoring_missing(MISSING):
            client.detach_role_policy(RoleName=role, PolicyArn=arn)
    for entry in state.get("inlinePolicies") or []:
        with ignoring_missing(MISSING):
            client.delete_role_policy(RoleName=role, PolicyName=entry["name"])
