"""Explains why the pods of a workload do not run, as `kubectl describe` would."""

from __future__ import annotations

from collections.abc import Iterator

from stackyard_sandbox.provider.kubernetes.client import Client, Object

SHOWN = 3
"""Maximum number of pods with problems in a message; the others mostly have the same ones."""

HARMLESS = ("ContainerCreating", "PodInitializing")


def pods_of(client: Client, workload: Object) -> list[Object]:
    """Return the pods that match the workload's selector, except those that are being deleted.

    The API server evaluates expressions, in its query syntax
    (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors).
    """
    selector = workload["spec"].get("selector") or {}
    terms = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    terms += [_term(entry) for entry in selector.get("matchExpressions") or []]
    path = client.resource("v1", "Pod").path(workload["metadata"]["namespace"])
    result = client.list(path, ",".join(terms))
    return [pod for pod in result if "deletionTimestamp" not in pod["metadata"]]


def pod_problems(pods: list[Object]) -> tuple[str, ...]:
    """Return one line for each of the first pods with a problem."""
    lines = ((pod["metadata"]["name"], "; ".join(_problems(pod))) for pod in pods)
    return tuple(f"pod {name}: {line}" for name, line in lines if line)[:SHOWN]


def _term(expression: Object) -> str:
    key, operator = str(expression["key"]), expression["operator"]
    values = f"({','.join(expression.get('values') or [])})"
    terms = {"In": f"{key} in {values}", "NotIn": f"{key} notin {values}", "Exists": key}
    return terms.get(operator, f"!{key}")


def _problems(pod: Object) -> Iterator[str]:
    status = pod.get("status", {})
    if status.get("phase") == "Failed":
        yield _line(status, "failed")
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            yield _line(condition, "not scheduled")
    containers = (status.get("initContainerStatuses") or []) + (
        status.get("containerStatuses") or []
    )
    for container in containers:
        state = container.get("state", {})
        stopped = state.get("waiting") or state.get("terminated") or {}
        if stopped.get("reason") in (None, "Completed", *HARMLESS):
            stopped = {}
        if stopped:
            yield f"container {container['name']} {_line(stopped, 'stopped')}"


def _line(entry: Object, fallback: str) -> str:
    code = f"exit code {entry['exitCode']}" if entry.get("exitCode") else ""
    parts = [str(entry.get(key) or "") for key in ("reason", "message")]
    return ": ".join(part for part in (*parts, code) if part) or fallback
