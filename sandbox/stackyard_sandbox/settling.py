"""How long a new user, role or pod identity association is unknown elsewhere in the cloud.

IAM is eventually consistent: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html
(section on changes that are not immediately visible). Off unless the variable names seconds.
"""

from __future__ import annotations

import os

VARIABLE = "STACKYARD_SANDBOX_SETTLING_SECONDS"


def seconds() -> float:
    """Return the seconds that pass until others see what is new."""
    return float(os.environ.get(VARIABLE) or 0)
