"""`retention`: how long each class of a project's data lives, and what is due by a date."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.options import EstateDir, Json, Stack

if TYPE_CHECKING:
    from stackyard.blueprints.project.config import ProjectConfig
    from stackyard.estate.loaded import Loaded
    from stackyard.retention.config import RetentionConfig
    from stackyard.retention.timeline import Life

On = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="YYYY-MM-DD",
        help="Show which objects are cold, deleted and gone on that day, by their own day.",
        show_default=False,
    ),
]

EARLIEST = datetime.date(2006, 3, 14)
"""The day on which S3 began: no object is older."""


def retention(stack: Stack, on: On = None, json: Json = False, estate: EstateDir = None) -> None:
    """Show how long each class of a project's data lives, in days from its upload.

    Old versions count from the day they were replaced or deleted. With `--on`, each column names a
    day: on the day asked for, whatever is from before it is cold, deleted or gone. Days are UTC.
    """
    from stackyard.retention.timeline import timeline
    from stackyard_cli.estate_ops.projects import project

    day = _day(on)
    found, chosen, config = project(stack, estate)
    foundation = found.upstreams(chosen)["foundation"]
    rules, databases = with_backups(config.retention, found.load(foundation))
    held = {**holds(config), "backups": databases}
    rows = [row(life, held.get(life.name, []), day) for life in timeline(rules)]
    render.table(list(rows[0]), rows, json=json)


def with_backups(rules: RetentionConfig, foundation: Loaded) -> tuple[RetentionConfig, list[str]]:
    """Return the rules with the backups of the stage, whose database holds the project's."""
    from stackyard.blueprints.foundation.config import FoundationConfig

    config = foundation.config
    if not isinstance(config, FoundationConfig) or config.database is None:
        return rules, []
    kept = rules.model_copy(update={"backups": config.retention.backups})
    return kept, [f"database of {foundation.id}"]


def holds(config: ProjectConfig) -> dict[str, list[str]]:
    """Return what the project has of each class, by the names in its file."""
    found: dict[str, list[str]] = {"access_logs": ["access-logs"]}
    for name, dataset in config.datasets.items():
        law = f".{dataset.jurisdiction}" if dataset.kind == "personal" else ""
        found.setdefault(f"{dataset.kind}{law}", []).append(name)
    if config.tracking:
        found["artifacts"] = ["tracking"]
    if config.models:
        found["candidate_models"] = found["production_models"] = ["models"]
    if config.monitoring:
        found["logs"] = ["monitoring"]
    built = config.images.images if config.images else {}
    found["images"] = sorted({*built, *config.baked_models})
    return found


def row(life: Life, held: list[str], day: datetime.date | None) -> dict[str, Any]:
    """Return one class: ages in days, or with a day the boundaries on that day."""
    plan = life.plan
    ages = {
        "cold": plan.cold_after if plan else None,
        "deleted": plan.expire_after if plan else None,
        "gone": life.phases[-1].start,
        "old_versions_cold": plan.noncurrent_cold_after if plan else None,
        "old_versions_gone": plan.noncurrent_days if plan else None,
        "uploads_gone": plan.abort_uploads_days if plan else None,
    }
    when = {
        f"{event}_before" if day else f"{event}_after": before(day, age) if day else age
        for event, age in ages.items()
    }
    cold = plan.cold_class if plan and plan.cold_after is not None else None
    return {"class": life.name, "holds": held, "cold_in": cold, **when, "but": life.condition}


def before(day: datetime.date, age: int | None) -> str | None:
    """Return the first day whose data is too young on `day`: everything older has the age.

    S3 rounds a time up to the next midnight UTC, so what is uploaded at noon and lives one day is
    due at the end of the next day. None if it never happens. Source:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html.
    """
    return None if age is None else str(day - datetime.timedelta(days=age))


def _day(text: str | None) -> datetime.date | None:
    if text is None:
        return None
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        hint = "write a day as YYYY-MM-DD, for example 2027-01-31"
        raise StackyardError(f"no day {text!r}", hint=hint, code=ExitCode.INVALID) from None
    if day < EARLIEST:
        hint = f"S3 has no objects from before {EARLIEST}"
        raise StackyardError(f"{day} is too early", hint=hint, code=ExitCode.INVALID)
    return day
