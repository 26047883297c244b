"""CloudWatch Logs limits the number of metric filters, and their regular expressions.

Sources: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
(100 filters, 2 expressions in a pattern, 5 patterns with expressions in a log group) and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html (characters).
"""

from __future__ import annotations

import re
from typing import Any

from moto.logs.exceptions import InvalidParameterException, LimitExceededException
from moto.logs.models import LogsBackend

FILTERS_PER_GROUP = 100
EXPRESSIONS_PER_PATTERN = 2
PATTERNS_WITH_EXPRESSIONS = 5

EXPRESSION = re.compile(r"%([^%]*)%")
CHARACTERS = re.compile(r"[A-Za-z0-9_#=@/;,\-^$?\[\]{}|\\*+. ]+")

_put = LogsBackend.put_metric_filter


def install() -> None:
    """Refuse filters above a quota, and invalid regular expressions."""
    setattr(LogsBackend, _put.__name__, _putting)


def pattern_problem(pattern: str) -> str | None:
    """Return the reason why the service refuses a pattern; None if it accepts it."""
    result = EXPRESSION.findall(pattern)
    if len(result) > EXPRESSIONS_PER_PATTERN:
        return f"{len(result)} regular expressions, {EXPRESSIONS_PER_PATTERN} are allowed"
    for expression in result:
        if not CHARACTERS.fullmatch(expression):
            return f"the regular expression {expression!r} holds a character that is not supported"
    return None


def _putting(
    self: LogsBackend, filter_name: str, filter_pattern: str, log_group_name: str, made: Any
) -> None:
    if problem := pattern_problem(filter_pattern):
        raise InvalidParameterException(f"Invalid filter pattern: {problem}")
    there = self.filters.get_matching_filters(log_group_name=log_group_name)
    others = [one for one in there if one["filterName"] != filter_name]
    with_expressions = [one for one in others if EXPRESSION.search(one["filterPattern"])]
    many = len(others) >= FILTERS_PER_GROUP
    if EXPRESSION.search(filter_pattern):
        many = many or len(with_expressions) >= PATTERNS_WITH_EXPRESSIONS
    if many:
        raise LimitExceededException
    _put(self, filter_name, filter_pattern, log_group_name, made)
