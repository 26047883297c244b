"""A preview's steps in one normal form: no order, no values, nothing secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from stackyard.data_classes import data_class_of
from stackyard_cli.engine.messages import Step
from stackyard_cli.engine.report import Report
from stackyard_cli.review.config_changes import ConfigChange

Plain = dict[str, Any]

SECTIONS: dict[str, tuple[str, ...]] = {
    "access": ("aws:iam/", "aws:s3/accessPoint", "aws:efs/accessPoint", "kubernetes:rbac."),
    "budget": ("aws:budgets/",),
    "cluster": ("aws:eks/", "aws:ec2/launchTemplate"),
    "database": ("aws:rds/",),
    "datasets": ("aws:s3/", "aws:efs/"),
    "gpu_pools": ("aws:eks/nodeGroup", "aws:ec2/launchTemplate"),
    "namespace": ("kubernetes:core/", "kubernetes:networking."),
    "network": ("aws:ec2/", "aws:vpc/"),
    "retention": ("aws:s3/bucketLifecycle", "aws:cloudwatch/logGroup", "aws:ecr/lifecyclePolicy"),
    "secrets": ("aws:secretsmanager/", "aws:kms/"),
    "tags": ("aws:",),
}
"""Types of resources that a section of a stack file usually ends in."""


def kind_of(step: Step) -> str:
    """Return what happens to a resource, the halves of a replacement taken together."""
    if step.operation in {"create-replacement", "delete-replaced", "replace"}:
        return "replace"
    return step.operation


def normalised(report: Report, changes: Sequence[ConfigChange] = ()) -> list[Plain]:
    """Return the changing steps by URN, each with the lines of config behind it where they match.

    Values are left out on purpose: the fingerprint binds config, program and state, and from these
    every value follows.
    """
    return [_to_dict(step, changes) for step in sorted(report.changing, key=lambda one: one.urn)]


def origins(step: Step, changes: Sequence[ConfigChange]) -> list[str]:
    """Return the places in stack files that a change most likely comes from; empty if unsure."""
    if len(changes) == 1:
        return _places(changes)
    words = _words(step.name)
    named = [change for change in changes if words & _below_section(change.path)]
    fits = [c for c in changes if step.type.startswith(SECTIONS.get(_section(c.path), ("?",)))]
    # A name alone misleads: who may read the dataset `photos` is not what its lifecycle comes from.
    own = [change for change in fits if _section(change.path) != "tags"]
    return _places([change for change in named if change in fits] or own or named or fits)


def _to_dict(step: Step, changes: Sequence[ConfigChange]) -> Plain:
    return {
        "urn": step.urn,
        "type": step.type,
        "name": step.name,
        "operation": kind_of(step),
        "paths": sorted({change.path for change in step.changes}),
        "replace_reasons": sorted(step.replace_keys) if kind_of(step) == "replace" else [],
        "data_class": data_class_of(step.type) if step.custom else None,
        "kept_in_the_cloud": step.retained and kind_of(step) == "delete",
        "origins": origins(step, changes),
    }


def _places(changes: Iterable[ConfigChange]) -> list[str]:
    return sorted({change.origin for change in changes if change.origin})


def _section(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _words(text: str) -> set[str]:
    return {word for word in re.split(r"[^a-z0-9]+", text.lower()) if len(word) > 2}


def _below_section(path: str) -> set[str]:
    return _words(path.partition(".")[2])
