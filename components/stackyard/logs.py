"""How long a log group may keep its events: the periods that CloudWatch Logs offers."""

from __future__ import annotations

from typing import Literal

LogDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]
"""Days; "for ever" is not offered, as every log ends some day. Source:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html."""
