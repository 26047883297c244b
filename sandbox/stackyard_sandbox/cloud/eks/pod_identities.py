"""EKS pod identity associations: recorded and described; no pod runs that could use one.

Errors as in https://github.com/hashicorp/terraform-provider-aws/issues/41483.
"""

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from stackyard_sandbox.cloud.eks.request import EksRequest, in_use, invalid_parameter, not_found
from stackyard_sandbox.cloud.eks_cluster import EksCluster, Item
from stackyard_sandbox.cloud.iam.principals import exists
from stackyard_sandbox.cloud.iam.service_roles import names

PODS = "pods.eks.amazonaws.com"
_OPTIONAL = ("roleArn", "disableSessionTags", "targetRoleArn", "policy")


class PodIdentities(EksRequest):
    """The API operations of pod identity associations."""

    def create_pod_identity_association(self) -> ActionResult:
        """Associate a service account with a role."""
        asked = self.parameters()
        return ActionResult(
            {"association": self.associate(self.cluster(asked["clusterName"]), asked)}
        )

    def describe_pod_identity_association(self) -> ActionResult:
        """Return one association."""
        return ActionResult({"association": self._association()})

    def list_pod_identity_associations(self) -> ActionResult:
        """List the associations, filtered by namespace and service account, on one page."""
        asked = self.parameters()
        cluster = self.cluster(asked["clusterName"])
        filters = {key: asked[key] for key in ("namespace", "serviceAccount") if asked.get(key)}
        result = [
            association
            for association in [*cluster.pod_identities.values()]
            if filters.items() <= association.items()
        ]
        return ActionResult({"associations": result})

    def update_pod_identity_association(self) -> ActionResult:
        """Change the role of an association."""
        asked, association = self.parameters(), self._association()
        association |= {key: asked[key] for key in _OPTIONAL if key in asked}
        association["modifiedAt"] = utcnow()
        return ActionResult({"association": association})

    def delete_pod_identity_association(self) -> ActionResult:
        """Delete an association."""
        association = self._association()
        del self.cluster(association["clusterName"]).pod_identities[association["associationId"]]
        return ActionResult({"association": association})

    def associate(self, cluster: EksCluster, asked: Item) -> Item:
        """Record an association; a service account has at most one."""
        account = (asked["namespace"], asked["serviceAccount"])
        for other in [*cluster.pod_identities.values()]:
            if (other["namespace"], other["serviceAccount"]) == account:
                raise in_use(f"Association already exists: {other['associationId']}", cluster.name)
        if not exists(self.current_account, asked["roleArn"]):
            raise invalid_parameter("Role provided in the request does not exist.", cluster.name)
        for action in ("sts:AssumeRole", "sts:TagSession"):
            if not names(self.current_account, asked["roleArn"], PODS, action):
                text = "Trust policy of the role provided is invalid"
                raise invalid_parameter(text, cluster.name)
        identity, now = f"a-{mock_random.get_random_string(17).lower()}", utcnow()
        cluster.pod_identities[identity] = {
            "clusterName": cluster.name,
            "namespace": account[0],
            "serviceAccount": account[1],
            "associationArn": self.arn("podidentityassociation", cluster.name, identity),
            "associationId": identity,
            "tags": asked.get("tags") or {},
            "createdAt": now,
            "modifiedAt": now,
            **{key: asked[key] for key in _OPTIONAL if key in asked},
        }
        recorded: Item = cluster.pod_identities[identity]
        return recorded

    def _association(self) -> Item:
        asked = self.parameters()
        cluster, identity = self.cluster(asked["clusterName"]), asked["associationId"]
        if identity not in cluster.pod_identities:
            raise not_found(f"No association found with id: {identity}", cluster.name)
        association: Item = cluster.pod_identities[identity]
        return association
