"""The compiled rules, and the timeline that is read from them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stackyard.retention.config import (
    ImageLifetimeConfig,
    LifetimeConfig,
    LogLifetimeConfig,
    PersonalLifetimeConfig,
    RetentionConfig,
)
from stackyard.retention.plan import (
    ObjectPlan,
    image_lifecycle,
    lifecycle_rules,
    log_days,
    log_plan,
    object_plan,
)
from stackyard.retention.storage_classes import FACTS
from stackyard.retention.timeline import timeline


def test_the_company_rule_compiles_to_two_lifecycle_rules() -> None:
    assert lifecycle_rules(object_plan(LifetimeConfig())) == [
        {
            "id": "data",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "transitions": [{"days": 365, "storage_class": "GLACIER_IR"}],
            "expiration": {"days": 1095},
            "noncurrent_version_transitions": [
                {"noncurrent_days": 1, "storage_class": "GLACIER_IR"}
            ],
            "noncurrent_version_expiration": {"noncurrent_days": 180},
        },
        {
            "id": "leftovers",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "expiration": {"expired_object_delete_marker": True},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        },
    ]


def test_personal_data_is_gone_with_its_last_version_in_time() -> None:
    plan = object_plan(
        PersonalLifetimeConfig(erase_within_days=365, legal_limit_days=365, noncurrent_days=30)
    )
    assert (plan.expire_after, plan.erased_after, plan.transition_after) == (334, 365, None)
    assert "transitions" not in lifecycle_rules(plan)[0]


@pytest.mark.parametrize(
    ("noncurrent_days", "storage_class", "expected"),
    [(180, "GLACIER_IR", 1), (91, "GLACIER_IR", 1), (90, "GLACIER_IR", None),
     (60, "STANDARD_IA", 30), (59, "STANDARD_IA", None), (180, "DEEP_ARCHIVE", None)],
)  # fmt: skip
def test_old_versions_turn_cold_only_where_it_pays(
    noncurrent_days: int, storage_class: str, expected: int | None
) -> None:
    lifetime = LifetimeConfig.model_validate(
        {"noncurrent_days": noncurrent_days, "cold_storage_class": storage_class}
    )
    assert object_plan(lifetime).noncurrent_transition_after == expected


days = st.integers(min_value=1, max_value=4000)


@given(days, days, days, st.sampled_from(sorted(FACTS)))
def test_no_accepted_lifetime_breaks_a_rule_of_s3(
    cold: int, delete: int, noncurrent: int, storage_class: str
) -> None:
    written = {
        "transition_after_days": cold,
        "expire_after_days": delete,
        "noncurrent_days": noncurrent,
        "cold_storage_class": storage_class,
    }
    try:
        plan = object_plan(LifetimeConfig.model_validate(written))
    except ValidationError:
        return
    facts = FACTS[plan.transition_class]
    assert plan.transition_after is not None
    assert facts.first_day <= plan.transition_after <= plan.expire_after - facts.minimum_days
    if plan.noncurrent_transition_after is not None:
        stay = plan.noncurrent_days - plan.noncurrent_transition_after
        assert plan.noncurrent_transition_after >= max(1, facts.first_day)
        assert stay >= facts.minimum_days


@pytest.mark.parametrize(
    ("keep", "offered"), [(1, 1), (2, 3), (90, 90), (91, 120), (366, 400), (3653, 3653)]
)
def test_logs_are_kept_for_the_next_longer_period(keep: int, offered: int) -> None:
    assert log_days(LogLifetimeConfig(keep_days=keep)) == offered


def test_access_logs_are_gone_with_the_other_logs() -> None:
    assert log_plan(LogLifetimeConfig(keep_days=90)).erased_after == 90


def test_the_image_lifecycle_ends_with_the_rule_for_every_image() -> None:
    policy = json.loads(image_lifecycle(ImageLifetimeConfig(untagged_days=3)))
    selections = [rule["selection"] for rule in policy["rules"]]
    assert [(one["tagStatus"], one["countNumber"]) for one in selections] == [
        ("untagged", 3),
        ("any", 1095),
    ]


@pytest.mark.parametrize(
    ("age", "place"),
    [(0, "STANDARD"), (364, "STANDARD"), (365, "GLACIER_IR"), (1094, "GLACIER_IR"),
     (1095, "deleted, can be restored"), (1275, "deleted, can be restored"),
     (1276, "permanently deleted")],
)  # fmt: skip
def test_where_an_object_is_at_an_age(age: int, place: str) -> None:
    raw = timeline(RetentionConfig())[0]
    assert (raw.name, raw.at(age).state) == ("raw", place)


def test_the_timeline_has_every_class_and_ends_with_nothing() -> None:
    config = RetentionConfig.model_validate(
        {"personal": {"eu": {"erase_within_days": 100, "legal_limit_days": 100}}}
    )
    lives = {life.name: life for life in timeline(config)}
    written = set(RetentionConfig.model_fields) - {"personal"}
    assert set(lives) == written | {"personal.eu", "access_logs"}
    assert {life.phases[-1].state for life in lives.values()} == {"permanently deleted"}
    assert lives["personal.eu"].at(100).state == "permanently deleted"
    assert lives["personal.eu"].at(99).state != "permanently deleted"


def test_models_turn_cold_and_share_the_longer_way_back() -> None:
    config = RetentionConfig.model_validate({"candidate_models": {"noncurrent_days": 30}})
    lives = {life.name: life for life in timeline(config)}
    candidates = lives["candidate_models"]
    assert [(phase.start, phase.state) for phase in candidates.phases] == [
        (0, "STANDARD"),
        (90, "GLACIER_IR"),
        (365, "deleted, can be restored"),
        (546, "permanently deleted"),
    ]
    assert "registered" in candidates.condition
    assert lives["raw"].condition == ""


def test_there_is_no_age_before_birth() -> None:
    with pytest.raises(ValueError, match="0 days or more"):
        timeline(RetentionConfig())[0].at(-1)


def test_a_plan_says_when_everything_is_gone() -> None:
    assert ObjectPlan(expire_after=10, noncurrent_days=5, abort_uploads_days=1).erased_after == 16


def midnight_after(moment: datetime, days: int) -> datetime:
    """What S3 does with days: adds them, and rounds up to the next midnight UTC."""
    return (moment + timedelta(days=days)).replace(hour=0, minute=0) + timedelta(days=1)


@pytest.mark.parametrize("uploaded", [datetime(2027, 1, 15, 0, 1), datetime(2027, 1, 15, 23, 59)])
def test_personal_data_is_gone_when_its_last_day_has_ended(uploaded: datetime) -> None:
    rules = {"erase_within_days": 30, "legal_limit_days": 30, "noncurrent_days": 7}
    plan = object_plan(PersonalLifetimeConfig.model_validate(rules))
    gone = midnight_after(midnight_after(uploaded, plan.expire_after), plan.noncurrent_days)
    assert gone == datetime(2027, 1, 15) + timedelta(days=30 + 1)
