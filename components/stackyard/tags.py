"""The tags and labels of every resource of a stack; defined in one place only."""

from __future__ import annotations

from collections.abc import Mapping

from stackyard.naming import StackId

PREFIX = "stackyard:"
"""Namespace of Stackyard's own AWS tags; the census and the leftovers sweep search for it."""


def stack_tags(stack: StackId, owner: str, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the default tags of the stack's AWS provider; Stackyard's own override `extra`."""
    return {
        **extra,
        "stackyard:team": stack.team,
        "stackyard:project": stack.project,
        "stackyard:stage": stack.stage,
        "stackyard:stack": str(stack),
        "stackyard:owner": owner,
        "stackyard:managed-by": "stackyard",
    }


def stack_labels(stack: StackId) -> dict[str, str]:
    """Return the labels of every Kubernetes object of the stack.

    Source of the recommended keys:
    https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/.
    """
    return {
        "app.kubernetes.io/managed-by": "stackyard",
        "stackyard.dev/team": stack.team,
        "stackyard.dev/project": stack.project,
        "stackyard.dev/stage": stack.stage,
    }
