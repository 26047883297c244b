"""EKS access entries and access policies, enforced in the cluster through RBAC.

Sources: docs.aws.amazon.com/eks/latest/userguide/access-entries.html and access-policies.html.
"""

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

from stackyard_sandbox.cloud.eks.request import (
    EksRequest,
    in_use,
    invalid_parameter,
    invalid_request,
    not_found,
    unique,
)
from stackyard_sandbox.cloud.eks_cluster import EksCluster, Item
from stackyard_sandbox.cloud.iam.principals import Principal, exists, unique_id
from stackyard_sandbox.cloud.rbac import CLUSTER_ADMIN, POLICIES

_RESERVED = ("system:", "eks:", "aws:", "amazon:", "iam:")


class Access(EksRequest):
    """The API operations of access entries."""

    def create_access_entry(self) -> ActionResult:
        """Create an entry: a user or role may sign in, with Kubernetes groups."""
        asked = self.parameters()
        cluster, principal = self._governed(asked["clusterName"]), asked["principalArn"]
        if not exists(self.current_account, principal):
            raise invalid_parameter(
                "The specified principalArn is invalid: invalid principal.", cluster.name
            )
        _check_names(asked, cluster.name)
        if principal in cluster.access_entries:
            raise in_use(
                "The specified access entry resource is already in use on this cluster.",
                cluster.name,
            )
        return ActionResult({"accessEntry": self.admit(cluster, principal, asked)})

    def describe_access_entry(self) -> ActionResult:
        """Return one entry."""
        return ActionResult({"accessEntry": self._entry()[1]})

    def list_access_entries(self) -> ActionResult:
        """List the principals, optionally those with one policy, on one page."""
        asked = self.parameters()
        cluster = self._governed(asked["clusterName"])
        policy = asked.get("associatedPolicyArn")
        result = [
            principal
            for principal in cluster.access_entries
            if policy is None or policy in cluster.access_policies[principal]
        ]
        return ActionResult({"accessEntries": result})

    def update_access_entry(self) -> ActionResult:
        """Change groups or user name."""
        asked = self.parameters()
        cluster, entry = self._entry()
        _check_names(asked, cluster.name)
        entry |= {key: asked[key] for key in ("kubernetesGroups", "username") if key in asked}
        entry["modifiedAt"] = utcnow()
        return ActionResult({"accessEntry": entry})

    def delete_access_entry(self) -> ActionResult:
        """Delete an entry, and the associations of its policies."""
        cluster, entry = self._entry()
        del cluster.access_entries[entry["principalArn"]]
        del cluster.access_policies[entry["principalArn"]]
        self.fleet.grant(cluster)
        return EmptyResult()

    def associate_access_policy(self) -> ActionResult:
        """Associate one of AWS's policies with an entry, for the cluster or for namespaces."""
        asked = self.parameters()
        cluster, entry = self._entry()
        scope = asked["accessScope"]
        if asked["policyArn"] not in POLICIES:
            raise invalid_parameter(
                "The specified policyArn is invalid: invalid policy.", cluster.name
            )
        if (scope["type"] == "namespace") != bool(scope.get("namespaces")):
            raise invalid_parameter(
                "The specified accessScope is invalid: namespaces go with type namespace.",
                cluster.name,
            )
        association = self.grant(cluster, entry["principalArn"], asked["policyArn"], scope)
        self.fleet.grant(cluster)
        return ActionResult(
            {
                "clusterName": cluster.name,
                "principalArn": entry["principalArn"],
                "associatedAccessPolicy": association,
            }
        )

    def disassociate_access_policy(self) -> ActionResult:
        """Remove a policy from an entry."""
        cluster, entry = self._entry()
        policy = self.parameters()["policyArn"]
        if cluster.access_policies[entry["principalArn"]].pop(policy, None) is None:
            raise not_found(f"No associated access policy found: {policy}", cluster.name)
        self.fleet.grant(cluster)
        return EmptyResult()

    def list_associated_access_policies(self) -> ActionResult:
        """List the policies of an entry, on one page."""
        cluster, entry = self._entry()
        principal = entry["principalArn"]
        return ActionResult(
            {
                "clusterName": cluster.name,
                "principalArn": principal,
                "associatedAccessPolicies": list(cluster.access_policies[principal].values()),
            }
        )

    def list_access_policies(self) -> ActionResult:
        """List the policies that the sandbox enforces."""
        policies = [{"name": arn.rpartition("/")[2], "arn": arn} for arn in sorted(POLICIES)]
        return ActionResult({"accessPolicies": policies})

    def admit(self, cluster: EksCluster, principal: str, asked: Item) -> Item:
        """Record an entry."""
        kind, _, name = principal.rpartition(":")[2].partition("/")
        now = utcnow()
        cluster.access_policies[principal] = {}
        cluster.access_entries[principal] = {
            "clusterName": cluster.name,
            "principalArn": principal,
            "kubernetesGroups": asked.get("kubernetesGroups") or [],
            "accessEntryArn": self.arn(
                "access-entry",
                *(cluster.name, kind, self.current_account, name.rpartition("/")[2], unique()),
            ),
            "createdAt": now,
            "modifiedAt": now,
            "tags": asked.get("tags") or {},
            "username": asked.get("username") or username(principal),
            "type": asked.get("type", "STANDARD"),
            "principalId": unique_id(self.current_account, principal),
        }
        recorded: Item = cluster.access_entries[principal]
        return recorded

    def grant(self, cluster: EksCluster, principal: str, policy: str, scope: Item) -> Item:
        """Record a policy of an entry."""
        now = utcnow()
        cluster.access_policies[principal][policy] = {
            "policyArn": policy,
            "accessScope": {"type": scope["type"], "namespaces": scope.get("namespaces") or []},
            "associatedAt": now,
            "modifiedAt": now,
        }
        granted: Item = cluster.access_policies[principal][policy]
        return granted

    def admit_creator(self, cluster: EksCluster, creator: Principal) -> None:
        """Make the cluster's creator its administrator, as EKS does by default."""
        self.admit(cluster, creator.entity_arn, {})
        self.grant(cluster, creator.entity_arn, CLUSTER_ADMIN, {"type": "cluster"})

    def _governed(self, name: str) -> EksCluster:
        """Return the cluster, if its authentication mode uses access entries."""
        cluster = self.cluster(name)
        if cluster.access_config["authenticationMode"] == "CONFIG_MAP":
            raise invalid_request(
                "The cluster's authentication mode must be set to one of "
                "[API, API_AND_CONFIG_MAP] to perform this operation.",
                name,
            )
        return cluster

    def _entry(self) -> tuple[EksCluster, Item]:
        asked = self.parameters()
        cluster, principal = self._governed(asked["clusterName"]), asked["principalArn"]
        if principal not in cluster.access_entries:
            raise not_found(
                "The specified principalArn could not be found. You can view your available "
                "access entries with 'list-access-entries'.",
                cluster.name,
            )
        return cluster, cluster.access_entries[principal]


def username(principal: str) -> str:
    """Return EKS's default user name of an entry."""
    head, _, entity = principal.rpartition(":")
    kind, _, name = entity.partition("/")
    if kind != "role":
        return principal
    session = "{{SessionName}}"
    return f"{head.replace(':iam:', ':sts:')}:assumed-role/{name.rpartition('/')[2]}/{session}"


def _check_names(asked: Item, cluster: str) -> None:
    names = [asked.get("username") or "", *(asked.get("kubernetesGroups") or [])]
    for name in names:
        if name.startswith(_RESERVED):
            reserved = ", ".join(_RESERVED)
            raise invalid_parameter(
                f"The name {name} cannot start with any of: {reserved}", cluster
            )
