"""Pods that ask Karpenter for GPUs, and waiting for what it does."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def until(condition: Callable[[], Any], seconds: float = 90) -> Any:
    """Wait for a condition, and return what it returned."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.5)
    return found


def pod_template(
    pool: str,
    gpus: int = 1,
    *,
    limits: Mapping[str, str] | None = None,
    undisturbed: bool = False,
    grace: int = 30,
    finalizers: Sequence[str] = (),
) -> dict[str, Any]:
    """A pod that asks for GPUs of a pool, and perhaps for more, and not to be disturbed."""
    container = {
        "name": "main",
        "image": "example.invalid/none",
        "resources": {"limits": {"nvidia.com/gpu": str(gpus), **(limits or {})}},
    }
    spec = {
        "containers": [container],
        "nodeSelector": {"pool": pool},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        "terminationGracePeriodSeconds": grace,
    }
    annotations = {"karpenter.sh/do-not-disrupt": "true"} if undisturbed else {}
    metadata = {"annotations": annotations, "finalizers": list(finalizers)}
    return {"metadata": metadata, "spec": spec}
