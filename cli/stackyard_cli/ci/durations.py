"""How long jobs of a pipeline may run, and how long the credentials of their roles last."""

from __future__ import annotations

from typing import Literal

JobKind = Literal["preview", "apply"]

MINUTES: dict[JobKind, int] = {"preview": 30, "apply": 120}
"""Most minutes of a job; an apply may make a cluster, its nodes and a database, in turn."""

DRIFT_MINUTES = 120
"""Most minutes of a job that looks at every stack of a stage, with the preview role."""


def session_seconds(kind: JobKind) -> int:
    """Return how long a role's session must last, so that it does not end before its job.

    IAM takes 1 to 12 hours:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage-assume.html.
    """
    longest = max(MINUTES[kind], DRIFT_MINUTES) if kind == "preview" else MINUTES[kind]
    return max(3_600, longest * 60)
