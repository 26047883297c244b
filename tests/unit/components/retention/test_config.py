"""What contradicts itself is refused before anything runs, and says which values disagree."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from stackyard.retention.config import RetentionConfig

EU = {"erase_within_days": 365, "legal_limit_days": 730}


def refusal(section: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        RetentionConfig.model_validate(section)
    assert caught.value.error_count() == 1
    return str(caught.value)


def test_the_company_rule_is_the_default() -> None:
    config = RetentionConfig()
    for rules in (config.raw, config.curated, config.artifacts, config.production_models):
        assert (rules.transition_after_days, rules.expire_after_days) == (365, 1095)


def test_a_class_that_says_one_thing_keeps_its_own_defaults() -> None:
    config = RetentionConfig.model_validate({"candidate_models": {"noncurrent_days": 10}})
    assert config.candidate_models.expire_after_days == 365


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            {"transition_after_days": 400, "expire_after_days": 400},
            "objects would never move to cold storage",
        ),
        (
            {"transition_after_days": 500, "expire_after_days": 400},
            "is not before `expire_after_days`",
        ),
        ({"transition_after_days": 29, "cold_storage_class": "STANDARD_IA"}, "from day 30 on"),
        ({"transition_after_days": 1050}, "leave 45 days in GLACIER_IR, which bills at least 90"),
        (
            {"transition_after_days": 1000, "cold_storage_class": "DEEP_ARCHIVE"},
            "which bills at least 180",
        ),
        ({"noncurrent_days": 1096}, "replaced versions would outlive the data"),
        ({"noncurrent_days": 0}, "greater than or equal to 1"),
        ({"noncurrent_days": None}, "valid integer"),
        ({"expire_after_days": 0}, "greater than or equal to 1"),
        ({"cold_storage_class": "TAPE"}, "GLACIER_IR"),
    ],
)
def test_objects(rules: dict[str, Any], message: str) -> None:
    assert message in refusal({"artifacts": rules})


def test_the_shortest_stay_that_is_not_billed_twice_is_accepted() -> None:
    for storage_class, days in {"STANDARD_IA": 30, "GLACIER_IR": 90, "DEEP_ARCHIVE": 180}.items():
        rules = {
            "transition_after_days": 30,
            "expire_after_days": 30 + days,
            "noncurrent_days": 5,
            "cold_storage_class": storage_class,
        }
        assert RetentionConfig.model_validate({"artifacts": rules})
        shorter = {**rules, "expire_after_days": 29 + days}
        assert "bills at least" in refusal({"artifacts": shorter})


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            {"erase_within_days": 731},
            "`erase_within_days` (731) is more than `legal_limit_days` (730)",
        ),
        ({"noncurrent_days": 365}, "old versions would be erased too late"),
        (
            {"hold_days": 366, "noncurrent_days": 300},
            "`erase_within_days` (365) is less than the legal hold",
        ),
        ({"hold_days": 31}, "`noncurrent_days` (30) is less than the legal hold"),
        ({"transition_after_days": 310}, "leave 24 days in STANDARD_IA"),
        ({"transition_after_days": 340}, "objects would never move to cold storage"),
        ({"cold_storage_class": "GLACIER"}, "'STANDARD_IA' or 'GLACIER_IR'"),
        ({"legal_limit_days": None}, "valid integer"),
    ],
)
def test_personal_data(rules: dict[str, Any], message: str) -> None:
    assert message in refusal({"personal": {"eu": {**EU, **rules}}})


def test_a_hold_is_kept_by_old_versions_too() -> None:
    held = {**EU, "hold_days": 90, "noncurrent_days": 90}
    assert RetentionConfig.model_validate({"personal": {"eu": held}})


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"curated": {"expire_after_days": 1000}}, "more than `curated.expire_after_days` (1000)"),
        ({"images": {"expire_after_days": 365}}, "more than `images.expire_after_days` (365)"),
        ({"production_models": {"expire_after_days": 2000}}, "`raw.expire_after_days` (1095)"),
    ],
)
def test_a_released_model_never_outlives_what_made_it(
    section: dict[str, Any], message: str
) -> None:
    assert message in refusal(section)


def test_a_model_that_need_not_be_reproduced_may_outlive_its_data() -> None:
    section = {
        "production_models": {"expire_after_days": 2000, "reproduced_from": []},
        "images": {"expire_after_days": 2000},
    }
    assert RetentionConfig.model_validate(section)


def test_logs_with_personal_data_are_never_rounded_up() -> None:
    assert RetentionConfig.model_validate({"logs": {"keep_days": 100}})
    section = {"logs": {"keep_days": 100, "personal": True}}
    assert "must not be kept longer (write 90)" in refusal(section)


def test_backups_are_bounded_by_what_rds_offers() -> None:
    assert "less than or equal to 35" in refusal({"backups": {"keep_days": 36}})
