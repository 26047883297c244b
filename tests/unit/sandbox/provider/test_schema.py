"""Checks against the SDK's own types, and that reading its text agrees with importing it."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pulumi_aws as aws
import pytest
from pulumi import _types

from stackyard_sandbox.provider import sdk_types
from stackyard_sandbox.provider.protocol import UNKNOWN, Asset
from stackyard_sandbox.provider.schema import check

LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
QUEUE = "aws:sqs/queue:Queue"
ROLE = "aws:iam/role:Role"


def failures(token: str, **values: object) -> dict[str, str]:
    return {one.path: one.reason for one in check(token, dict(values))[1]}


@pytest.mark.parametrize(
    ("token", "arguments"),
    [
        (LIFECYCLE, aws.s3.BucketLifecycleConfigurationArgs),
        ("aws:s3/bucketVersioning:BucketVersioning", aws.s3.BucketVersioningInitArgs),
        ("aws:lambda/function:Function", aws.lambda_.FunctionArgs),
        ("aws:ec2/launchTemplate:LaunchTemplate", aws.ec2.LaunchTemplateArgs),
        ("pulumi:providers:aws", aws.ProviderArgs),
    ],
)
def test_reading_the_text_agrees_with_the_imported_class(token: str, arguments: Any) -> None:
    found = sdk_types.resource_type(token).inputs
    names = _types.input_type_py_to_pulumi_names(arguments)
    assert set(found) == set(names.values())
    parameters = inspect.signature(arguments.__init__).parameters
    required = {
        names[name]
        for name, parameter in parameters.items()
        if name in names and parameter.default is inspect.Parameter.empty
    }
    assert {name for name, one in found.items() if one.required} == required


def test_a_good_resource_passes_and_gets_declared_types() -> None:
    rules = [{"id": "a", "status": "Enabled", "expiration": {"days": "3"}}]
    values, wrong = check(LIFECYCLE, {"bucket": "b", "rules": rules})
    assert not wrong
    assert values["rules"][0]["expiration"] == {"days": 3}


def test_unknown_properties_are_named_at_any_depth() -> None:
    rules = [{"id": "a", "status": "Enabled", "transitoins": []}]
    assert failures(LIFECYCLE, bucket="b", rules=rules, rule=[]) == {
        "rules[0].transitoins": "unknown property `transitoins`; did you mean `transitions`?",
        "rule": "unknown property `rule`; did you mean `rules`?",
    }


def test_missing_required_properties_are_named_at_any_depth() -> None:
    found = failures(LIFECYCLE, rules=[{"id": "a"}])
    assert found == {
        "bucket": "this property is required",
        "rules[0].status": "this property is required",
    }


@pytest.mark.parametrize(
    ("values", "path", "reason"),
    [
        ({"delaySeconds": "soon"}, "delaySeconds", "must be a whole number (got a string)"),
        ({"delaySeconds": 1.5}, "delaySeconds", "must be a whole number (got a number)"),
        ({"fifoQueue": "yes"}, "fifoQueue", "must be true or false (got a string)"),
        ({"name": ["a"]}, "name", "must be a string (got a list)"),
        ({"tags": ["a"]}, "tags", "must be a map (got a list)"),
        ({"tags": {"a": []}}, 'tags["a"]', "must be a string (got a list)"),
    ],
)
def test_wrong_types_are_refused(values: dict[str, object], path: str, reason: str) -> None:
    assert failures(QUEUE, **values) == {path: reason}


def test_plain_values_are_coerced_as_the_official_provider_does() -> None:
    values, wrong = check(QUEUE, {"fifoQueue": "true", "delaySeconds": "5", "name": 7})
    assert not wrong
    assert values == {"fifoQueue": True, "delaySeconds": 5, "name": "7"}


def test_a_policy_may_be_a_document() -> None:
    document = {"Version": "2012-10-17", "Statement": []}
    values, wrong = check(ROLE, {"assumeRolePolicy": document})
    assert not wrong
    assert json.loads(values["assumeRolePolicy"]) == document


def test_unknown_values_pass_and_stay() -> None:
    values, wrong = check(LIFECYCLE, {"bucket": UNKNOWN, "rules": UNKNOWN})
    assert not wrong
    assert values == {"bucket": UNKNOWN, "rules": UNKNOWN}


def test_assets_are_only_for_assets() -> None:
    asset = Asset(kind="asset", text="x")
    token = "aws:s3/bucketObjectv2:BucketObjectv2"
    assert not failures(token, bucket="b", source=asset)
    assert failures(token, bucket="b", source="x") == {
        "source": "must be a file asset or archive (got a string)"
    }
    assert failures(token, bucket=asset) == {"bucket": "must be a string (got an asset)"}


def test_a_wrong_value_is_never_shown() -> None:
    text = str(
        failures(
            "aws:secretsmanager/secretVersion:SecretVersion", secretId="s", secretString=["pa55"]
        )
    )
    assert "secretString" in text
    assert "pa55" not in text


def test_every_resource_of_the_sdk_can_be_read() -> None:
    tokens = sorted(sdk_types.tokens("aws"))
    assert len(tokens) > 1000
    for token in tokens[::25]:
        assert sdk_types.resource_type(token).state, token
