"""Time limits of a pipeline's jobs, and the session durations of their roles."""

from __future__ import annotations

from typing import Literal

JobKind = Literal["preview", "apply"]

MINUTES: dict[JobKind, int] = {"preview": 30, "apply": 120}
"""Time limit of a job in minutes; an apply may create a cluster, its nodes and a database in
turn."""

DRIFT_MINUTES = 120
"""Time limit in minutes of a job that checks every stack of a stage, with the preview role."""


def session_seconds(kind: JobKind) -> int:
    """Return the session duration of a role in seconds: not shorter than the limit of its job.

    IAM allows 1 to 12 hours:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage-assume.html.
    """
    longest = max(MINUTES[kind], DRIFT_MINUTES) if kind == "preview" else MINUTES[kind]
    return max(3_600, longest * 60)
