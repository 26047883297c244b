"""Open approvals and outcomes of pipeline runs, read from the runs' execution histories.

No list of open approvals is kept: an approval is open while its run waits for it, so the history
is always up to date.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from stackyard.pipeline.definition import APPROVAL

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """A candidate model that waits for a person's decision."""

    run: str
    version: str
    value: float
    champion: str
    champion_value: float | None
    started_by: str
    """The person who started the run; `nobody` if data or the schedule did."""

    asked: datetime
    expires: datetime
    token: str
    """Task token that resumes the run; useless without an answer object and an approver's role."""


def question(run: str, history: Sequence[Event]) -> Question | None:
    """Return the approval that a run waits for, from its history (oldest event first), or None."""
    entered = None
    for event in history:
        name = (event.get("stateEnteredEventDetails") or {}).get("name")
        if name is not None:
            entered = event if name == APPROVAL else None
    scheduled = [event for event in history if "taskScheduledEventDetails" in event]
    if entered is None or not scheduled or scheduled[-1]["id"] < entered["id"]:
        return None
    state = json.loads(entered["stateEnteredEventDetails"]["input"])
    task = scheduled[-1]["taskScheduledEventDetails"]
    attributes = json.loads(task["parameters"])["MessageAttributes"]
    champion, asked = state["champion"]["found"], entered["timestamp"]
    return Question(
        run=run,
        version=state["candidate"]["version"],
        value=state["candidate"]["value"],
        champion=champion["version"],
        champion_value=champion["value"] if champion["known"] else None,
        started_by=state["started_by"]["person"],
        asked=asked,
        expires=asked + timedelta(seconds=task["timeoutInSeconds"]),
        token=attributes["token"]["StringValue"],
    )


def ended_as(history: Sequence[Event]) -> str:
    """Return the current state of a run, or its last one."""
    names = [
        details["name"]
        for event in history
        if (details := event.get("stateEnteredEventDetails")) is not None
    ]
    return names[-1] if names else "not begun"
