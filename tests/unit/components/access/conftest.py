from __future__ import annotations

from typing import Any

import pytest

from stackyard.access.config import AccessConfig
from stackyard.access.grants import Compiled, GrantContext, compiled
from stackyard.datasets.config import DatasetConfig, DatasetStoreConfig
from stackyard.naming import StackId

ROOT = "arn:aws:iam::123456789012:root"
VENDOR = "arn:aws:iam::210987654321:role/annotators"

DATASETS = {
    "photos": {"kind": "raw", "directories": ["incoming", "archive"]},
    "labelled": {"kind": "curated", "directories": ["to-label", "work"]},
    "faces": {"kind": "personal", "jurisdiction": "eu", "directories": ["crops"]},
}
ACCESS: dict[str, Any] = {
    "audiences": {
        "scientist": {
            "trusted": ["arn:aws:iam::123456789012:role/people/scientist-*", ROOT],
            "datasets": {"*": "read", "faces": "write"},
            "directories": {"labelled": ["work"]},
            "session_hours": 8,
        },
        "labelling-vendor": {
            "trusted": [VENDOR],
            "external_id": "labels-2026",
            "directories": {"labelled": ["to-label"]},
        },
        "auditor": {"trusted": [ROOT]},
        "business": {"trusted": [ROOT]},
    }
}


@pytest.fixture
def datasets() -> dict[str, DatasetConfig]:
    return DatasetStoreConfig.model_validate({"datasets": DATASETS}).datasets


@pytest.fixture
def context() -> GrantContext:
    return GrantContext(
        stack=StackId("vision", "defects", "dev"),
        account="123456789012",
        region="eu-central-1",
        cluster="platform-foundation-dev",
        buckets={name: f"bucket-{name}" for name in DATASETS},
        log_bucket="bucket-logs",
        key_arns={
            purpose: f"arn:aws:kms:eu-central-1:123456789012:key/{purpose}"
            for purpose in ("data", "personal")
        },
    )


@pytest.fixture
def documents(datasets: dict[str, DatasetConfig], context: GrantContext) -> Compiled:
    return compiled(AccessConfig.model_validate(ACCESS), datasets, context)
