"""Installs the sandbox's EKS operations in the emulator."""

import urllib.parse
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.eks import urls

from stackyard_sandbox.cloud.eks.addons import Addons
from stackyard_sandbox.cloud.eks.node_groups import NodeGroups
from stackyard_sandbox.cloud.eks.request import not_found
from stackyard_sandbox.cloud.fleet import Fleet


class EksApi(NodeGroups, Addons):
    """All operations of EKS; those that the emulator has completely are its own."""

    def tag_resource(self) -> ActionResult:
        """Tag a cluster, or a resource in one."""
        self._tags().update(self.parameters()["tags"])
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        """Remove tags."""
        tags = self._tags()
        for key in self.parameters()["tagKeys"]:
            tags.pop(key, None)
        return EmptyResult()

    def list_tags_for_resource(self) -> ActionResult:
        """Return the tags."""
        return ActionResult({"tags": self._tags()})

    def _tags(self) -> dict[str, str]:
        arn = urllib.parse.unquote(self._extract_arn_from_path())
        for cluster in map(self.cluster, self.eks_backend.clusters):
            objects: dict[str, Any] = {cluster.arn: cluster.tags}
            objects |= {group.arn: group.tags for group in [*cluster.nodegroups.values()]}
            for items, key in (
                (cluster.addons, "addonArn"),
                (cluster.access_entries, "accessEntryArn"),
                (cluster.pod_identities, "associationArn"),
            ):
                objects |= {item[key]: item["tags"] for item in [*items.values()]}
            if arn in objects:
                tags: dict[str, str] = objects[arn]
                return tags
        raise not_found(f"Resource was not found: {arn}", "")


def install(fleet: Fleet) -> None:
    """Replace the emulator's EKS API with this one, before its first EKS request."""
    EksApi.fleet = fleet
    urls.url_paths.clear()
    urls.url_paths["{0}/(?P<path>.+)$"] = EksApi.dispatch
