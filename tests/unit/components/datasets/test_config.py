from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from stackyard.bucket.layout import dvc_remote, overlap
from stackyard.datasets.component import lifetime_of
from stackyard.datasets.config import DatasetConfig, DatasetStoreConfig
from stackyard.retention.config import RetentionConfig


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("labels", "labels", True),
        ("labels", "labels/vendor", True),
        ("labels/vendor/a", "labels", True),
        ("labels", "labels-old", False),
        ("a/b", "a/c", False),
    ],
)
def test_overlap_is_by_whole_names(one: str, other: str, expected: bool) -> None:
    assert overlap(one, other) is expected
    assert overlap(other, one) is expected


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"kind": "raw", "directories": ["a", "a/b"]}, "a and a/b overlap"),
        ({"kind": "raw", "directories": ["a", "a"]}, "a and a overlap"),
        ({"kind": "raw", "directories": ["dvc"]}, "is reserved for the DVC remote"),
        ({"kind": "raw", "directories": ["dvc/files"]}, "is reserved for the DVC remote"),
        (
            {"kind": "raw", "branching": "lakefs", "directories": ["lakefs/a"]},
            "is reserved for lakeFS",
        ),
        (
            {"kind": "personal", "jurisdiction": "eu", "branching": "lakefs"},
            "`branching: lakefs` is not for personal data",
        ),
        ({"kind": "personal"}, "needs a `jurisdiction`"),
        ({"kind": "raw", "jurisdiction": "eu"}, "is for personal data"),
        ({"kind": "raw", "directories": ["/a"]}, "match pattern"),
        ({"kind": "raw", "directories": ["a/"]}, "match pattern"),
        ({"kind": "raw", "directories": ["a/../b"]}, "match pattern"),
        ({"kind": "raw", "directories": ["a*"]}, "match pattern"),
        ({"kind": "raw", "directories": ["${aws:username}"]}, "match pattern"),
        ({"kind": "medical"}, "'raw', 'curated' or 'personal'"),
        ({}, "kind"),
    ],
)
def test_impossible_datasets_are_refused(written: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        DatasetConfig.model_validate(written)
    assert message in str(caught.value)


def test_without_a_dvc_remote_the_directory_is_free() -> None:
    assert DatasetConfig(kind="raw", directories=["dvc"], dvc=False)


def test_the_name_of_the_log_bucket_is_taken() -> None:
    with pytest.raises(ValidationError, match="choose another name"):
        DatasetStoreConfig.model_validate({"datasets": {"access-logs": {"kind": "raw"}}})


def test_each_kind_has_its_own_lifetime() -> None:
    eu = {"erase_within_days": 100, "legal_limit_days": 100}
    retention = RetentionConfig.model_validate({"personal": {"eu": eu}})
    found = [
        lifetime_of(DatasetConfig(kind="raw"), retention),
        lifetime_of(DatasetConfig(kind="curated"), retention),
        lifetime_of(DatasetConfig(kind="personal", jurisdiction="eu"), retention),
    ]
    assert found == [retention.raw, retention.curated, retention.personal["eu"]]


def test_the_dvc_remote_lies_beside_the_directories() -> None:
    assert dvc_remote("lake") == "s3://lake/dvc"
