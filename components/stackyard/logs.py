"""Retention periods of log groups that CloudWatch Logs offers."""

from __future__ import annotations

from typing import Literal

LogDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]
"""Days; "never expire" is not offered, because every log has a limited retention. Source:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html."""
