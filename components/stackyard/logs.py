"""Retention periods of log groups that CloudWatch Logs offers."""

from __future__ import annotations

from typing import Literal

_UP_TO_HALF_A_YEAR = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180]
_LONGER = Literal[365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
LogDays = Literal[_UP_TO_HALF_A_YEAR, _LONGER]
"""Days; "never expire" is not offered, because every log has a limited retention. Source:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html."""
