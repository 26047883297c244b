"""Starts pods that kwok missed: those bound to a node just as kwok learned of the node.

It then lists the node's pods before the binding, and drops the news of the binding as that of a
node it does not know. The pod stays Pending until something about it changes, so something does.
"""

import time
from datetime import UTC, datetime
from typing import Any

from stackyard_sandbox.control_plane.api import Api, ApiError

PATIENCE = 2.0
"""Seconds that kwok is given to start a pod by itself."""

MARK = "sandbox.stackyard.dev/looked-at"
PENDING = "/api/v1/pods?fieldSelector=status.phase%3DPending"


def nudge(api: Api) -> None:
    """Change an annotation of each pod that has waited on its node for too long."""
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
