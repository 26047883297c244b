"""EKS access entries and pod identity associations.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/eks/accessentry/,
…/accesspolicyassociation/ and …/podidentityassociation/.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.casing import LOWER, Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.eks_cluster import MISSING, TAGS
from stackyard_sandbox.provider.aws.resource import (
    Resource,
    call_or_none,
    changed,
    ignoring_missing,
    tags_if_any,
)
from stackyard_sandbox.provider.protocol import Properties

ENTRY = Casing(names={"userName": "username"}, lower=True)
TIME = "%Y-%m-%dT%H:%M:%SZ"


class AccessEntry(Resource):
    """A principal that may sign in, and its Kubernetes groups; its id is `cluster:principal`."""

    token = "aws:eks/accessEntry:AccessEntry"
    takes = ("clusterName", "principalArn", "kubernetesGroups", "type", "userName")
    replaces = frozenset({"clusterName", "principalArn", "type"})
    defaults = {"type": "STANDARD"}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the entry."""
        aws.client("eks").create_access_entry(
            **tags_if_any(inputs), **ENTRY.pick(inputs, *self.takes)
        )
        return f"{inputs['clusterName']}:{inputs['principalArn']}"

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the entry."""
        cluster, _, principal = identity.partition(":")
        call = aws.client("eks").describe_access_entry
        answer = call_or_none(call, MISSING, clusterName=cluster, principalArn=principal)
        if answer is None:
            return None
        entry = answer["accessEntry"]
        return {
            "clusterName": cluster,
            "principalArn": principal,
            "kubernetesGroups": entry.get("kubernetesGroups") or [],
            "type": entry.get("type"),
            "userName": entry.get("username"),
            "accessEntryArn": entry["accessEntryArn"],
            "createdAt": entry["createdAt"].strftime(TIME),
            "modifiedAt": entry["modifiedAt"].strftime(TIME),
            "tagsAll": dict(entry.get("tags") or {}),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change groups, user name and tags."""
        if changed(old, new, "kubernetesGroups", "userName"):
            aws.client("eks").update_access_entry(
                clusterName=new["clusterName"],
                principalArn=new["principalArn"],
                kubernetesGroups=new.get("kubernetesGroups") or [],
                **ENTRY.pick(new, "userName"),
            )
        TAGS.update(aws, old["accessEntryArn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the entry."""
        cluster, _, principal = identity.partition(":")
        with ignoring_missing(MISSING):
            aws.client("eks").delete_access_entry(clusterName=cluster, principalArn=principal)


class AccessPolicyAssociation(Resource):
    """An EKS access policy of an entry; its id is `cluster#principal#policy`."""

    token = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
    takes = ("clusterName", "principalArn", "policyArn", "accessScope")
    replaces = frozenset(takes)
    delete_first = True

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Associate the policy."""
        arguments = LOWER.pick(inputs, *self.takes)
        aws.client("eks").associate_access_policy(**arguments)
        return "#".join(inputs[name] for name in ("clusterName", "principalArn", "policyArn"))

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Find the policy among those of the entry."""
        cluster, principal, policy = identity.split("#")
        call = aws.client("eks").list_associated_access_policies
        answer = call_or_none(call, MISSING, clusterName=cluster, principalArn=principal) or {}
        for entry in answer.get("associatedAccessPolicies", []):
            if entry["policyArn"] == policy:
                return {
                    "clusterName": cluster,
                    "principalArn": principal,
                    "policyArn": policy,
                    "accessScope": entry["accessScope"],
                    "associatedAt": entry["associatedAt"].strftime(TIME),
                    "modifiedAt": entry["modifiedAt"].strftime(TIME),
                }
        return None

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Disassociate the policy."""
        cluster, principal, policy = identity.split("#")
        with ignoring_missing(MISSING):
            aws.client("eks").disassociate_access_policy(
                clusterName=cluster, principalArn=principal, policyArn=policy
            )


class PodIdentityAssociation(Resource):
    """The role of pods with a service account; its id is the association's."""

    token = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    takes = (
        "clusterName",
        "namespace",
        "serviceAccount",
        "roleArn",
        "targetRoleArn",
        "disableSessionTags",
    )
    replaces = frozenset({"clusterName", "namespace", "serviceAccount"})
    delete_first = True

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Associate."""
        answer = aws.client("eks").create_pod_identity_association(
            **tags_if_any(inputs), **LOWER.pick(inputs, *self.takes)
        )
        return str(answer["association"]["associationId"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the association; the id of an import is `cluster,association`."""
        cluster, _, association = identity.rpartition(",")
        answer = call_or_none(
            aws.client("eks").describe_pod_identity_association,
            MISSING,
            clusterName=cluster or state["clusterName"],
            associationId=association,
        )
        if answer is None:
            return None
        entry = answer["association"]
        return {
            "clusterName": entry["clusterName"],
            "namespace": entry["namespace"],
            "serviceAccount": entry["serviceAccount"],
            "roleArn": entry["roleArn"],
            "targetRoleArn": entry.get("targetRoleArn") or None,
            "associationArn": entry["associationArn"],
            "associationId": entry["associationId"],
            "externalId": entry.get("externalId"),
            "tagsAll": dict(entry.get("tags") or {}),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change the role and tags."""
        if changed(old, new, "roleArn", "targetRoleArn", "disableSessionTags"):
            aws.client("eks").update_pod_identity_association(
                clusterName=new["clusterName"],
                associationId=identity,
                **LOWER.pick(new, "roleArn", "targetRoleArn", "disableSessionTags"),
            )
        TAGS.update(aws, old["associationArn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Dissociate."""
        with ignoring_missing(MISSING):
            aws.client("eks").delete_pod_identity_association(
                clusterName=state["clusterName"], associationId=identity
            )
