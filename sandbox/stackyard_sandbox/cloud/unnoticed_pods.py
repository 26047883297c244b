"""Starts pods that kwok missed: those bound to a node while kwok was adding the node.

Kwok then lists the node's pods before the binding, and ignores the event of the binding, because it
does not know the node yet. The pod stays Pending until it changes, so this module changes it.
"""

import time
from datetime import UTC, datetime
from typing import Any

from stackyard_sandbox.control_plane.api import Api, ApiError

PATIENCE = 2.0
"""Seconds that kwok has to start a pod by itself."""

MARK = "sandbox.stackyard.dev/looked-at"
PENDING = "/api/v1/pods?fieldSelector=status.phase%3DPending"


def nudge(api: Api) -> None:
    """Change an annotation of each pod that has been bound, but not started, for too long."""
    for pod in api.get(PENDING)["items"]:
        bound = _bound_at(pod)
        if bound is None or time.time() - bound < PATIENCE:
            continue
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        change = {"metadata": {"annotations": {MARK: str(int(time.time()))}}}
        try:
            api.call("PATCH", path, change, "application/merge-patch+json")
        except ApiError as error:
            if error.status != 404:
                raise


def _bound_at(pod: dict[str, Any]) -> float | None:
    if not pod["spec"].get("nodeName"):
        return None
    for condition in pod["status"].get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "True":
            text = condition["lastTransitionTime"]
            return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    return None
