"""What a person may write about the pipeline, and what is refused at once."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from stackyard.pipeline import schedule
from stackyard.pipeline.config import ApprovalsConfig, PipelineConfig, TriggersConfig

CONFIG = {"train": "fit", "evaluate": "judge", "metric": "f1", "deploy": "inspector"}


@pytest.mark.parametrize(
    "expression",
    [
        "0 3 ? * MON *",
        "0/15 8-18 ? * MON-FRI *",
        "0 0 29 2 ? *",
        "0 0 L * ? *",
        "0 0 31 1,3 ? 2028",
        "0 0 ? * 2#1 *",
        "0 0 ? * 6L *",
        "30 6 1W * ? *",
    ],
)
def test_a_schedule_that_fires(expression: str) -> None:
    assert schedule.check(expression) == expression


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("0 0 31 2 ? *", "never fires: no such month has a day 31"),
        ("0 0 30 2 ? *", "never fires: no such month has a day 30"),
        ("0 0 31 4,6,9,11 ? *", "never fires: no such month has a day 31"),
        ("0 0 29 2 ? 2027", "never fires: no such month has a day 29"),
        ("0 0 1 1 ? 2020", "never fires: 2020 has no future year"),
        ("0 0 ? * 2#6 *", "never fires: no month has a week 6"),
        ("0 3 * * MON *", "one of day of month and day of week must be `?`"),
        ("0 3 ? * ? *", "one of day of month and day of week must be `?`"),
        ("0 3 * * *", "six fields"),
        ("60 3 ? * MON *", "minutes: '60' is not within 0 to 59"),
        ("0 24 ? * MON *", "hours: '24' is not within 0 to 23"),
        ("0 3 ? 13 MON *", "month: '13' is not within 1 to 12"),
        ("0 3 ? * MUN *", "day of week: 'MUN' is not a number"),
        ("0 5-3 ? * MON *", "hours: '5-3' is not within"),
        ("0 0/0 ? * MON *", "hours: '0/0' is not within"),
    ],
)
def test_a_schedule_that_never_fires_or_means_nothing(expression: str, problem: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TriggersConfig(schedule=expression)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"approvers": []}, "at least 1 item"),
        ({"approvers": ["everybody"]}, "'scientist'"),
        ({"evaluate": "fit"}, "evaluation needs its own job"),
        ({"watch_minutes": -1}, "greater than or equal to 0"),
        ({"direction": "highest"}, "'maximize' or 'minimize'"),
        ({"metric": "f1 score"}, "match pattern"),
        ({"notify": ["team"]}, "match pattern"),
        ({"triggers": {"timezone": "+02:00"}}, "not a time zone"),
        ({"triggers": {"timezone": "Europe/Berln"}}, "did you mean `Europe/Berlin`"),
        ({"approval": {}}, "Extra inputs"),
    ],
)
def test_a_pipeline_that_cannot_be(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as caught:
        PipelineConfig.model_validate({**CONFIG, **changed})
    assert problem in str(caught.value)


@pytest.mark.parametrize("hours", [0, -1, 721])
def test_a_question_is_open_for_an_hour_to_thirty_days(hours: int) -> None:
    with pytest.raises(ValidationError):
        ApprovalsConfig(expires_hours=hours)
