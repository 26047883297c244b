"""The context of one EKS request: parameters, cluster, caller and errors."""

from typing import ClassVar, cast

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.eks.exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from moto.eks.models import Nodegroup
from moto.eks.responses import EKSResponse
from moto.moto_api._internal import mock_random

from stackyard_sandbox.cloud.eks_cluster import EksCluster, Item
from stackyard_sandbox.cloud.fleet import Fleet
from stackyard_sandbox.cloud.iam.principals import Principal, principal_of


class EksRequest(EKSResponse):
    """One request, with the emulator's parsing, authorization and serialization."""

    fleet: ClassVar[Fleet]
    """The control planes; a class attribute, because the emulator creates an object per request."""

    def parameters(self) -> Item:
        """Return the request's parameters by their names in the API's model."""
        self.parse_parameters(self.normalized_request)
        return dict(self.params or {})

    def cluster(self, name: str) -> EksCluster:
        """Return the cluster, or raise the API's error."""
        # Only `clusters.py` creates clusters, as objects of this class.
        return cast(EksCluster, self.eks_backend.describe_cluster(name))

    def caller(self) -> Principal | None:
        """Return the principal that signed the request."""
        return principal_of(self.current_account, self.access_key)

    def arn(self, kind: str, *path: str) -> str:
        """Return an ARN of the service, for example of an `addon`."""
        where = f"{self.partition}:eks:{self.region}:{self.current_account}"
        return f"arn:{where}:{kind}/{'/'.join(path)}"

    def update_of(self, cluster: EksCluster, kind: str, changes: Item) -> ActionResult:
        """Record a finished update, as DescribeUpdate returns it, and return it."""
        update: Item = {
            "id": unique(),
            "status": "Successful",
            "type": kind,
            "params": [{"type": key, "value": str(value)} for key, value in changes.items()],
            "createdAt": utcnow(),
            "errors": [],
        }
        cluster.updates[update["id"]] = update
        return ActionResult({"update": update})

    def _determine_resource(self) -> str:
        """Return the ARN for IAM policies; the emulator would use `*` for all."""
        self._get_action()  # sets uri_match
        name = self.uri_match.get("name")
        if name is None:
            return "*"
        if name not in self.eks_backend.clusters:
            return self.arn("cluster", name)
        cluster = self.cluster(name)
        return next((result for result in self._named_below(cluster) if result), str(cluster.arn))

    def _named_below(self, cluster: EksCluster) -> list[str | None]:
        """Return the ARN of the existing resource below the cluster that the path names."""
        path = self.uri_match
        group: Nodegroup | None = cluster.nodegroups.get(path.get("nodegroupName", ""))
        result: list[str | None] = [None if group is None else str(group.arn)]
        for key, items, arn in (
            ("addonName", cluster.addons, "addonArn"),
            ("principalArn", cluster.access_entries, "accessEntryArn"),
            ("associationId", cluster.pod_identities, "associationArn"),
        ):
            result.append(items.get(path.get(key, ""), {}).get(arn))
        return result


def unique() -> str:
    """Return a new identifier."""
    return str(mock_random.uuid4())


def not_found(message: str, cluster: str, addon: str | None = None) -> ResourceNotFoundException:
    """Return the error for a missing resource."""
    return ResourceNotFoundException(
        clusterName=cluster,
        nodegroupName=None,
        fargateProfileName=None,
        addonName=addon,
        message=message,
    )


def in_use(message: str, cluster: str, addon: str | None = None) -> ResourceInUseException:
    """Return the error for a resource that already exists."""
    return ResourceInUseException(
        clusterName=cluster, nodegroupName=None, addonName=addon, message=message
    )


def invalid_parameter(message: str, cluster: str) -> InvalidParameterException:
    """Return the error for an invalid value."""
    return InvalidParameterException(clusterName=cluster, message=message)


def invalid_request(message: str, cluster: str) -> InvalidRequestException:
    """Return the error for a request that the state of the cluster does not allow."""
    return InvalidRequestException(clusterName=cluster, message=message)
