"""The emulator refuses metric filters that CloudWatch Logs refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.logs.models import LogsBackend

from stackyard_sandbox.cloud.strictness import metric_filters

Put = Callable[[str, str], None]


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Iterator[Put]:
    name = "put_metric_filter"
    monkeypatch.setattr(LogsBackend, name, getattr(LogsBackend, name))
    metric_filters.install()
    with mock_aws():
        logs = boto3.Session("test", "test", region_name="eu-central-1").client("logs")
        logs.create_log_group(logGroupName="audit")
        counted = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
        yield lambda name, pattern: logs.put_metric_filter(
            logGroupName="audit",
            filterName=name,
            filterPattern=pattern,
            metricTransformations=[counted],
        )


@pytest.mark.parametrize("expression", ["role:a", "(a|b)", "a!", "ä"])
def test_an_expression_with_other_characters_is_refused(put: Put, expression: str) -> None:
    with pytest.raises(ClientError, match="not supported"):
        put("one", f"{{ $.a = %{expression}% }}")


def test_a_pattern_has_two_expressions(put: Put) -> None:
    put("two", "{ ($.a = %x.*%) || ($.b = %y%) }")
    with pytest.raises(ClientError, match="3 regular expressions"):
        put("three", "{ ($.a = %x%) || ($.b = %y%) || ($.c = %z%) }")


def test_a_group_has_five_patterns_with_expressions(put: Put) -> None:
    for number in range(5):
        put(f"filter-{number}", "{ $.a = %x% }")
    put("filter-4", "{ $.a = %other% }")
    put("plain", '{ $.a = "x" }')
    with pytest.raises(ClientError, match="LimitExceededException"):
        put("filter-5", "{ $.a = %x% }")


def test_a_group_has_a_hundred_filters(put: Put) -> None:
    for number in range(100):
        put(f"filter-{number}", '{ $.a = "x" }')
    with pytest.raises(ClientError, match="LimitExceededException"):
        put("one-more", '{ $.a = "x" }')
