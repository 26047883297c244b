"""Contract tests: the policy SDK converts resources where packs replace the conversion."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf import json_format
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy, StackValidationPolicy
from pulumi_policy import policy as sdk

from stackyard_policies.pulumi_internals import convert_once

RULES = 5
REPLACED = ("json_format", "deserialize_properties")


class Counts:
    """How often the SDK converted the properties of a resource, step by step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.messages = self.properties = 0
        deserialize = vars(sdk)["deserialize_properties"]

        def to_dict(message: Any) -> Any:
            self.messages += 1
            return json_format.MessageToDict(message)

        def deserialized(*args: Any) -> Any:
            self.properties += 1
            return deserialize(*args)

        spy = SimpleNamespace(**{**vars(json_format), "MessageToDict": to_dict})
        monkeypatch.setattr(sdk, "json_format", spy)
        monkeypatch.setattr(sdk, "deserialize_properties", deserialized)


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counts]:
    """Count the SDK's conversions; afterwards its module is as it was."""
    before = {name: vars(sdk)[name] for name in REPLACED}
    yield Counts(monkeypatch)
    for name, value in before.items():
        setattr(sdk, name, value)


def analysed() -> list[str]:
    """Send one resource to the SDK's analyzer, by itself and as a stack; return what rules saw."""
    seen: list[str] = []
    one = [
        ResourceValidationPolicy(
            f"one-{number}", "A rule.", lambda args, _: seen.append(args.props["bucket"])
        )
        for number in range(RULES)
    ]
    whole = [
        StackValidationPolicy(
            f"whole-{number}",
            "A rule.",
            lambda args, _: seen.extend(each.props["bucket"] for each in args.resources),
        )
        for number in range(RULES)
    ]
    level = EnforcementLevel.MANDATORY
    servicer = vars(sdk)["_PolicyAnalyzerServicer"]("pack", "1.0.0", [*one, *whole], level)
    facts: dict[str, Any] = {"type": "aws:s3/bucket:Bucket", "urn": "u", "name": "n"}
    request = analyzer_pb2.AnalyzeRequest(**facts)
    request.properties.update({"bucket": "photos"})
    resource = analyzer_pb2.AnalyzerResource(**facts)
    resource.properties.update({"bucket": "photos"})
    servicer.Analyze(request, None)
    servicer.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=[resource]), None)
    return seen


def test_the_sdk_converts_a_resource_again_for_every_rule(counts: Counts) -> None:
    analysed()
    every = 2 * RULES
    assert counts.messages == every, "the SDK converts once by itself: `convert_once` can go"
    assert counts.properties == every


def test_it_converts_each_request_once_when_told_to(counts: Counts) -> None:
    convert_once()
    assert analysed() == ["photos"] * 2 * RULES
    assert (counts.messages, counts.properties) == (2, 2)
