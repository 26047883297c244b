"""How long a new user or role is unknown to the other services of the sandbox's cloud.

IAM is eventually consistent: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html
(section on changes that are not immediately visible). Off unless the variable names seconds.
"""

from __future__ import annotations

import os

VARIABLE = "STACKYARD_SANDBOX_SETTLING_SECONDS"


def seconds() -> float:
    """Return the seconds that pass until the other services see a new user or role."""
    return float(os.environ.get(VARIABLE) or 0)
