"""Retention of each class of a project's data, from its files only."""

from __future__ import annotations

import datetime
from typing import Any

from stackyard.blueprints.foundation.config import FoundationConfig
from stackyard.blueprints.project.config import ProjectConfig
from stackyard.estate.estate import Estate
from stackyard.estate.loaded import Loaded
from stackyard.naming import StackId
from stackyard.retention.config import RetentionConfig
from stackyard.retention.timeline import Life, timeline
from stackyard_cli.errors import ExitCode, StackyardError

EARLIEST = datetime.date(2006, 3, 14)
"""The first day of S3: no object is older."""


def rows(
    estate: Estate, stack: StackId, config: ProjectConfig, on: str | None
) -> list[dict[str, Any]]:
    """Return one row per class of data: ages in days, or boundaries on the date `on`."""
    day = _day(on)
    foundation = estate.load(estate.upstreams(stack)["foundation"])
    rules, databases = _with_backups(config.retention, foundation)
    contents = {**_contents(config), "backups": databases}
    return [_row(life, contents.get(life.name, []), day) for life in timeline(rules)]


def _with_backups(rules: RetentionConfig, foundation: Loaded) -> tuple[RetentionConfig, list[str]]:
    """Return the rules with the stage's backups: its instance has the project's databases."""
    config = foundation.config
    if not isinstance(config, FoundationConfig) or config.database is None:
        return rules, []
    kept = rules.model_copy(update={"backups": config.retention.backups})
    return kept, [f"database of {foundation.id}"]


def _contents(config: ProjectConfig) -> dict[str, list[str]]:
    """Return the project's data of each class, by the names in its file."""
    contents: dict[str, list[str]] = {"access_logs": ["access-logs"]}
    for name, dataset in config.datasets.items():
        law = f".{dataset.jurisdiction}" if dataset.kind == "personal" else ""
        contents.setdefault(f"{dataset.kind}{law}", []).append(name)
    if config.tracking:
        contents["artifacts"] = ["tracking"]
    if config.models:
        contents["candidate_models"] = contents["production_models"] = ["models"]
    if config.monitoring:
        contents["logs"] = ["monitoring"]
    built = config.images.images if config.images else {}
    contents["images"] = sorted({*built, *config.baked_models})
    return contents


def _row(life: Life, contents: list[str], day: datetime.date | None) -> dict[str, Any]:
    """Return one class: ages in days, or, for a date, the boundaries on that date."""
    plan = life.plan
    ages = {
        "transitioned": plan.transition_after if plan else None,
        "expired": plan.expire_after if plan else None,
        "erased": life.phases[-1].start,
        "old_versions_transitioned": plan.noncurrent_transition_after if plan else None,
        "old_versions_erased": plan.noncurrent_days if plan else None,
        "uploads_aborted": plan.abort_uploads_days if plan else None,
    }
    when = {
        f"{event}_before" if day else f"{event}_after": _before(day, age) if day else age
        for event, age in ages.items()
    }
    return {
        "class": life.name,
        "holds": contents,
        "storage_class": plan.transition_class
        if plan and plan.transition_after is not None
        else None,
        **when,
        "condition": life.condition,
    }


def _before(day: datetime.date, age: int | None) -> str | None:
    """Return the first upload date whose age is not reached on `day`; None if it never is.

    S3 rounds a time up to the next midnight UTC: an object uploaded at noon, with an age of one
    day, is due at the end of the next day. Source:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html.
    """
    return None if age is None else str(day - datetime.timedelta(days=age))


def _day(text: str | None) -> datetime.date | None:
    if text is None:
        return None
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        message = f"`--on` must be a date (got {text!r})"
        hint = "write it as YYYY-MM-DD, for example 2027-01-31"
        raise StackyardError(message, hint=hint, code=ExitCode.INVALID) from None
    if day < EARLIEST:
        hint = f"S3 has no objects from before {EARLIEST}"
        raise StackyardError(f"{day} is too early", hint=hint, code=ExitCode.INVALID)
    return day
