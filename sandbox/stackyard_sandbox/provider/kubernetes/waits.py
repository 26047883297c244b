"""Waits for objects to become ready or to be deleted, until a timeout or a cancellation.

It polls instead of watching: on loopback a read takes milliseconds, and no connection stays open.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from stackyard_sandbox.provider.kubernetes.client import Client, Object
from stackyard_sandbox.provider.kubernetes.readiness import Verdict, Wait
from stackyard_sandbox.provider.protocol import Properties

SKIP = "pulumi.com/skipAwait"
TIMEOUT = "pulumi.com/timeoutSeconds"
"""Annotations, https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/."""

DELETE_SECONDS = 300.0
"""Maximum time of a deletion in seconds; finalizers and the pods of a namespace need time."""

FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.03, 0.5, 1.4
"""Seconds between two reads, first and maximum, and the growth factor."""


def annotation(inputs: Properties, name: str) -> str | None:
    """Return an annotation of the inputs."""
    value = ((inputs.get("metadata") or {}).get("annotations") or {}).get(name)
    return value if isinstance(value, str) else None


def skipped(inputs: Properties, *words: str) -> bool:
    """Return whether the program skips a wait: `true` for any, `ready` for readiness."""
    return annotation(inputs, SKIP) in words


def limit(asked: float, inputs: Properties, default: float) -> float:
    """Return the seconds to wait: `customTimeouts` first, then the annotation, then the default."""
    if asked:
        return asked
    text = annotation(inputs, TIMEOUT)
    return float(text) if text and text.isdecimal() else default


def until_ready(
    client: Client, path: str, wait: Wait, seconds: float, cancelled: threading.Event
) -> list[str]:
    """Wait until an object is ready and return nothing, or return the reasons why it is not."""
    verdict = Verdict("waiting")
    for _ in _turns(seconds, cancelled):
        live = client.get(path)
        if live is None:
            return ["it was deleted while it was waited for"]
        verdict = wait.rule(client, live)
        if verdict.state == "ready":
            return []
        if verdict.state == "failed":
            return list(verdict.reasons)
    how = "the run was cancelled" if cancelled.is_set() else f"not ready after {seconds:g} s"
    return [how, *verdict.reasons]


def until_gone(
    client: Client, path: str, uid: str, seconds: float, cancelled: threading.Event
) -> list[str]:
    """Wait until the object with this uid is deleted; return nothing, or what prevents it."""
    live: Object | None = None
    for _ in _turns(seconds, cancelled):
        live = client.get(path)
        if live is None or live["metadata"].get("uid") != uid:
            return []
    how = "the run was cancelled" if cancelled.is_set() else f"still there after {seconds:g} s"
    return [how, *(_holders(live) if live else ())]


def _turns(seconds: float, cancelled: threading.Event) -> Iterator[None]:
    """Yield at least once, with growing pauses, until the timeout or the run's cancellation."""
    end, pause = time.monotonic() + seconds, FIRST_PAUSE
    while True:
        yield
        left = end - time.monotonic()
        if left <= 0 or cancelled.wait(min(pause, left)):
            return
        pause = min(pause * GROWTH, LONGEST_PAUSE)


def _holders(live: Object) -> Iterator[str]:
    """Yield what prevents a deletion: finalizers, or the content of a namespace."""
    if finalizers := live["metadata"].get("finalizers"):
        yield f"finalizers: {', '.join(finalizers)}"
    for condition in live.get("status", {}).get("conditions") or []:
        if condition.get("status") == "True" and "message" in condition:
            yield str(condition["message"])
