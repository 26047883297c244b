"""The emulator refuses expressions that EventBridge and its Scheduler refuse."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from stackyard_sandbox.cloud.strictness import schedule_expressions
from stackyard_sandbox.cloud.strictness.schedule_expressions import problem
from tests.unit.sandbox.cloud.strictness.conftest import Strict


@pytest.mark.parametrize(
    "expression",
    [
        *("rate(1 minute)", "rate(5 minutes)", "rate(7 days)"),
        *("cron(0 10 * * ? *)", "cron(15 12 ? * MON-FRI *)", "cron(0/10 * ? * * *)"),
        *("cron(0 9 ? * 2#1 *)", "cron(0 8 1,15 JAN-MAR ? 2026-2030)", "cron(0 0 L * ? *)"),
    ],
)
def test_the_examples_of_the_pages_are_schedules(expression: str) -> None:
    assert problem(expression) is None


@pytest.mark.parametrize(
    "expression",
    [
        *("rate(1 minutes)", "rate(5 minute)", "rate(0 days)", "every day", "cron(0 3 * * *)"),
        *("cron(0 10 * * * *)", "cron(0 10 ? * ? *)", "cron(60 0 * * ? *)", "cron(0 24 * * ? *)"),
        *("cron(0 0 ? * 8 *)", "cron(0 0 ? * MOO *)", "cron(0/0 0 * * ? *)", "cron(0 0 32 * ? *)"),
        "at(2026-01-01)",
    ],
)
def test_what_is_no_schedule_is_refused(strict: Strict, expression: str) -> None:
    clients = strict(schedule_expressions)
    with pytest.raises(ClientError, match="ScheduleExpression is not valid"):
        clients("events").put_rule(Name="r", ScheduleExpression=expression)
    with pytest.raises(ClientError, match="Invalid Schedule Expression"):
        clients("scheduler").create_schedule(
            Name="s",
            ScheduleExpression=expression,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": "arn:aws:sqs:::q", "RoleArn": "arn:aws:iam::123456789012:role/r"},
        )


def test_a_schedule_of_one_time_is_for_the_scheduler_only() -> None:
    assert problem("at(2026-12-01T10:00:00)", once=True) is None
    assert problem("at(2026-12-01T10:00:00)")
