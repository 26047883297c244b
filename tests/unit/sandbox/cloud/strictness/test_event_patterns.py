"""The emulator refuses event patterns that EventBridge refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stackyard.pipeline import documents
from stackyard_sandbox.cloud.strictness import event_patterns
from tests.unit.sandbox.cloud.strictness.conftest import Strict


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([{"startswith": "a"}], "Unrecognized match type startswith"),
        ([{"prefix": "a", "suffix": "b"}], "one comparison"),
        ([{"prefix": 3}], "prefix does not take 3"),
        ([{"exists": "yes"}], "exists does not take"),
        ([{"numeric": [">", "3"]}], "numeric does not take"),
        ([{"numeric": ["=>", 3]}], "numeric does not take"),
        ([{"cidr": "10.0.0.1/8"}], "cidr does not take"),
        ([{"wildcard": "a**b"}], "wildcard does not take"),
        ([["a"]], "one comparison"),
        ([], "not empty"),
        ("a", "must be an object or an array"),
    ],
)
def test_comparisons_that_are_not_known_are_refused(
    strict: Strict, values: Any, message: str
) -> None:
    events = strict(event_patterns)("events")
    pattern = json.dumps({"source": ["aws.s3"], "detail": {"key": values}})
    with pytest.raises(ClientError, match=message) as refused:
        events.put_rule(Name="r", EventPattern=pattern)
    assert refused.value.response["Error"]["Code"] == "InvalidEventPatternException"


def test_the_comparisons_of_the_page_are_taken(strict: Strict) -> None:
    events = strict(event_patterns)("events")
    values = [
        *("text", 3, None, True),
        {"prefix": {"equals-ignore-case": "A"}},
        {"suffix": ".png"},
        {"anything-but": ["a", "b"]},
        {"anything-but": {"prefix": "a"}},
        {"numeric": [">", 0, "<=", 5.5]},
        {"exists": False},
        {"cidr": "10.0.0.0/24"},
        {"wildcard": "dir/*.png"},
    ]
    pattern = {"$or": [{"source": ["a"]}, {"source": ["b"]}], "detail": {"key": values}}
    events.put_rule(Name="r", EventPattern=json.dumps(pattern))


def test_the_patterns_of_a_pipeline_are_taken() -> None:
    machine = "arn:aws:states:eu-central-1:123456789012:stateMachine:m"
    assert list(event_patterns.problems(documents.run_ended(machine))) == []
