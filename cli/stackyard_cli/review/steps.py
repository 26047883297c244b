"""Normalises preview steps so that two previews compare equal: sorted, without values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from stackyard.resource_risk import data_class_of, risk_of
from stackyard_cli.engine.messages import Step
from stackyard_cli.engine.report import Report
from stackyard_cli.review.config_changes import ConfigChange

StepDict = dict[str, Any]
"""A step in the form of receipts and `--json`."""

SECTIONS: dict[str, tuple[str, ...]] = {
    "budget": ("aws:budgets/",),
    "cluster": ("aws:eks/", "aws:ec2/launchTemplate"),
    "database": ("aws:rds/",),
    "datasets": ("aws:s3/", "aws:efs/"),
    "gpu_pools": ("kubernetes:karpenter",),
    "namespace": ("kubernetes:core/", "kubernetes:networking."),
    "network": ("aws:ec2/", "aws:vpc/"),
    "node_images": ("kubernetes:karpenter",),
    "node_pools": ("kubernetes:karpenter",),
    "retention": ("aws:s3/bucketLifecycle", "aws:cloudwatch/logGroup", "aws:ecr/lifecyclePolicy"),
    "secrets": ("aws:secretsmanager/", "aws:kms/"),
    "tags": ("aws:",),
}
"""Resource types that a section of a stack file usually declares; `access` declares grants."""


def normalised(report: Report, changes: Sequence[ConfigChange] = ()) -> list[StepDict]:
    """Return the changing steps by URN, each with the lines of config that match it.

    Values are omitted on purpose: the fingerprint binds config, program and state, which determine
    every value.
    """
    return [_to_dict(step, changes) for step in sorted(report.changing, key=lambda one: one.urn)]


def origins(step: Step, changes: Sequence[ConfigChange]) -> list[str]:
    """Return the lines of stack files that most likely caused a step; empty if none is likely."""
    if len(changes) == 1:
        return _lines_of(changes)
    named_by = _tokens(step.name)
    named = [change for change in changes if named_by & _below_section(change.path)]
    fits = [change for change in changes if _ends_in(_section(change.path), step.type)]
    # A name alone misleads: readers of the dataset `photos` do not decide about its lifecycle.
    own = [change for change in fits if _section(change.path) != "tags"]
    return _lines_of([change for change in named if change in fits] or own or named or fits)


def _to_dict(step: Step, changes: Sequence[ConfigChange]) -> StepDict:
    return {
        "urn": step.urn,
        "type": step.type,
        "name": step.name,
        "operation": step.kind,
        "paths": sorted({change.path for change in step.changes}),
        "replace_reasons": sorted(step.replace_keys) if step.kind == "replace" else [],
        "data_class": data_class_of(step.type) if step.custom else None,
        "kept_in_the_cloud": step.retained and step.kind == "delete",
        "origins": origins(step, changes),
    }


def _lines_of(changes: Iterable[ConfigChange]) -> list[str]:
    return sorted({change.origin for change in changes if change.origin})


def _ends_in(section: str, type_token: str) -> bool:
    if section == "access":
        return risk_of(type_token).access
    return type_token.startswith(SECTIONS.get(section, ("?",)))


def _section(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _tokens(text: str) -> set[str]:
    return {word for word in re.split(r"[^a-z0-9]+", text.lower()) if len(word) > 2}


def _below_section(path: str) -> set[str]:
    return _tokens(path.partition(".")[2])
