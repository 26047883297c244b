"""Compiles retention periods to rules of S3, CloudWatch Logs and ECR, as plain data."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, get_args

from stackyard.logs import LogDays
from stackyard.retention.config import (
    MIDNIGHT,
    CandidateLifetimeConfig,
    ImageLifetimeConfig,
    LifetimeConfig,
    LogLifetimeConfig,
    ModelLifetimeConfig,
    PersonalLifetimeConfig,
)
from stackyard.retention.storage_classes import FACTS, ColdClass


@dataclass(frozen=True)
class ObjectPlan:
    """Lifecycle of the objects of one bucket, in days."""

    expire_after: int
    """Age at which a current object becomes a delete marker and a noncurrent version."""

    noncurrent_days: int
    """Days after which a noncurrent version is permanently deleted."""

    abort_uploads_days: int
    """Days after which incomplete uploads are deleted."""

    transition_after: int | None = None
    """Age at which a current object transitions to cold storage; None for no transition."""

    transition_class: ColdClass = "GLACIER_IR"
    """Storage class after the transition."""

    @property
    def erased_after(self) -> int:
        """Age at which an object that was never replaced or deleted is permanently deleted."""
        return self.expire_after + self.noncurrent_days + MIDNIGHT

    @property
    def noncurrent_transition_after(self) -> int | None:
        """Days until a noncurrent version transitions to cold storage; None for no transition.

        A version transitions on the first allowed day, and only if it then stays at least for the
        minimum number of days that S3 bills.
        """
        facts = FACTS[self.transition_class]
        start = max(facts.first_day, 1)
        pays = self.noncurrent_days - start >= facts.minimum_days
        return start if self.transition_after is not None and pays else None


@dataclass(frozen=True)
class ModelPlan:
    """Lifecycle of models: they transition by age, and expire after they have left the registry."""

    candidates: ObjectPlan
    """Versions that were never released."""

    production: ObjectPlan
    """Versions that were released."""

    @property
    def sorts(self) -> dict[str, ObjectPlan]:
        """Plans by value of the tags; they share a bucket, so they have one restore window."""
        back = max(self.candidates.noncurrent_days, self.production.noncurrent_days)
        uploads = self.production.abort_uploads_days
        return {
            name: replace(plan, noncurrent_days=back, abort_uploads_days=uploads)
            for name, plan in (("candidate", self.candidates), ("production", self.production))
        }


@dataclass(frozen=True)
class ModelLifetimes:
    """Retention of the registered models of one bucket."""

    candidates: CandidateLifetimeConfig
    """Versions that were never released."""

    production: ModelLifetimeConfig
    """Released versions."""


Lifetime = LifetimeConfig | PersonalLifetimeConfig | LogLifetimeConfig | ModelLifetimes
"""Retention of the objects of one bucket."""


SORT = "stackyard:class"
"""Tag of every registered model; its value is `candidate` or `production`."""

RETIRED = "stackyard:retired"
"""Tag of models that have left the registry; same values."""


def bucket_plan(lifetime: Lifetime) -> ObjectPlan | ModelPlan:
    """Return the plan of a bucket's objects."""
    if isinstance(lifetime, LogLifetimeConfig):
        return log_plan(lifetime)
    if isinstance(lifetime, ModelLifetimes):
        return ModelPlan(object_plan(lifetime.candidates), object_plan(lifetime.production))
    return object_plan(lifetime)


def object_plan(lifetime: LifetimeConfig | PersonalLifetimeConfig) -> ObjectPlan:
    """Return the plan of a class of objects."""
    return ObjectPlan(
        expire_after=lifetime.expire_after_days,
        noncurrent_days=lifetime.noncurrent_days,
        abort_uploads_days=lifetime.abort_uploads_days,
        transition_after=lifetime.transition_after_days,
        transition_class=lifetime.cold_storage_class,
    )


def log_plan(lifetime: LogLifetimeConfig) -> ObjectPlan:
    """Return the plan of a bucket of access logs: no transition, all deleted after `keep_days`.

    The minimum is three days, because the bucket has versions.
    """
    expire_after = max(1, lifetime.keep_days - 1 - MIDNIGHT)
    return ObjectPlan(expire_after=expire_after, noncurrent_days=1, abort_uploads_days=1)


def lifecycle_rules(plan: ObjectPlan | ModelPlan) -> list[dict[str, Any]]:
    """Return the rules of an S3 lifecycle, with the keys of Pulumi's argument dictionaries."""
    return _object_rules(plan) if isinstance(plan, ObjectPlan) else _model_rules(plan)


def _model_rules(plan: ModelPlan) -> list[dict[str, Any]]:
    """Return the rules for models; those of retired models expire on the next day.

    S3 counts days from the creation of the copy. A model that leaves the registry is older than its
    period, so it expires on the day after it has left.
    """
    rules = []
    for name, own in plan.sorts.items():
        aged = {
            "id": name,
            "status": "Enabled",
            "filter": {"tag": {"key": SORT, "value": name}},
            **_transitions(own),
        }
        retired = {
            "id": f"retired-{name}",
            "status": "Enabled",
            "filter": {"tag": {"key": RETIRED, "value": name}},
            "expiration": {"days": own.expire_after},
        }
        rules += [aged, retired]
    either = plan.sorts["production"]
    cleanup = _cleanup_rule(either)
    cleanup["noncurrent_version_expiration"] = {"noncurrent_days": either.noncurrent_days}
    return [*rules, cleanup]


def _object_rules(plan: ObjectPlan) -> list[dict[str, Any]]:
    """Return the rules for objects that expire by age.

    Expired delete markers need a separate rule, because S3 does not allow them together with days:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleExpiration.html.
    """
    data: dict[str, Any] = {
        "id": "data",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "expiration": {"days": plan.expire_after},
        "noncurrent_version_expiration": {"noncurrent_days": plan.noncurrent_days},
        **_transitions(plan),
    }
    return [data, _cleanup_rule(plan)]


def _transitions(plan: ObjectPlan) -> dict[str, Any]:
    transitions: dict[str, Any] = {}
    if plan.transition_after is not None:
        cold = {"days": plan.transition_after, "storage_class": plan.transition_class}
        transitions["transitions"] = [cold]
    if plan.noncurrent_transition_after is not None:
        older = {
            "noncurrent_days": plan.noncurrent_transition_after,
            "storage_class": plan.transition_class,
        }
        transitions["noncurrent_version_transitions"] = [older]
    return transitions


def _cleanup_rule(plan: ObjectPlan) -> dict[str, Any]:
    return {
        "id": "leftovers",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "expiration": {"expired_object_delete_marker": True},
        "abort_incomplete_multipart_upload": {"days_after_initiation": plan.abort_uploads_days},
    }


def log_days(lifetime: LogLifetimeConfig) -> int:
    """Return the period for log groups: the shortest CloudWatch period that is long enough."""
    offered: tuple[int, ...] = get_args(LogDays)
    return min(days for days in offered if days >= lifetime.keep_days)


def image_lifecycle(lifetime: ImageLifetimeConfig) -> str:
    """Return the lifecycle policy of an ECR repository, as JSON.

    A rule for `any` image must have the highest number. Source:
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html.
    """
    rules = [
        _image_rule(1, "untagged images", "untagged", lifetime.untagged_days),
        _image_rule(2, "every image", "any", lifetime.expire_after_days),
    ]
    return json.dumps({"rules": rules}, sort_keys=True)


def _image_rule(priority: int, what: str, status: str, days: int) -> dict[str, Any]:
    return {
        "rulePriority": priority,
        "description": f"delete {what} after {days} days",
        "selection": {
            "tagStatus": status,
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": days,
        },
        "action": {"type": "expire"},
    }
