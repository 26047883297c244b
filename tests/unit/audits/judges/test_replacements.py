from __future__ import annotations

import pytest
import yaml

from audits.judges.cloudformation.facts import target
from audits.judges.cloudformation.schema import schema_of
from audits.judges.cloudformation.table import FILE as NAMES
from audits.judges.cloudformation.table import table
from audits.judges.cloudformation.template import REGION
from audits.judges.declared import Declared
from audits.judges.replacements import FILE, held
from stackyard_sandbox.provider.aws import catalogue
from stackyard_sandbox.provider.aws.kms import Key
from stackyard_sandbox.provider.aws.s3_bucket import Bucket

KEY, BUCKET = Key.token, Bucket.token
NESTED = "NotificationsWithSubscribers/Notification/Threshold"


def one_of(token: str) -> Declared:
    return Declared("vision/defects/dev", "urn", token, "it", {}, {})


def test_every_difference_of_every_type_is_decided_and_nothing_else() -> None:
    answer = held([one_of(token) for token in table().types])
    assert answer.findings == []
    assert answer.items > 400
    assert {entry["type"] for entry in yaml.safe_load(FILE.read_text())} <= set(table().types)


@pytest.mark.parametrize(
    ("token", "replaces", "rule", "says"),
    [
        (BUCKET, Bucket.replaces - {"bucket"}, "undecided", "BucketName: the sandbox changes"),
        (BUCKET, Bucket.replaces | {"tags", "forceDestroy"}, None, ""),
        (BUCKET, Bucket.replaces | {"tagsAll"}, "undecided", "Tags: the sandbox replaces"),
        (KEY, Key.replaces - {"keyUsage"}, "stale", "KeyUsage"),
        (KEY, Key.replaces | {"madeUp"}, "undecided", "madeUp: the sandbox replaces"),
    ],
)
def test_a_wrong_fact_is_found(
    token: str, replaces: frozenset[str], rule: str | None, says: str
) -> None:
    right = catalogue.handler(token)
    broken = type("Broken", (type(right),), {"replaces": replaces})()
    found = held([one_of(token)], handlers=lambda _: broken).findings
    assert [one.rule for one in found] == ([rule] if rule else [])
    assert all(says in one.says for one in found)


@pytest.mark.parametrize(
    ("token", "path", "place"),
    [
        ("aws:kms/key:Key", "customerMasterKeySpec", "KeySpec"),
        ("aws:budgets/budget:Budget", "timeUnit", "Budget/TimeUnit"),
        ("aws:eks/nodeGroup:NodeGroup", "launchTemplate.id", "LaunchTemplate/Id"),
        ("aws:cloudwatch/eventTarget:EventTarget", "targetId", "Targets/Id"),
        ("aws:budgets/budget:Budget", "notifications.threshold", NESTED),
        ("aws:s3/bucket:Bucket", "forceDestroy", None),
    ],
)
def test_an_input_has_its_place_in_the_schema(token: str, path: str, place: str | None) -> None:
    names = table().types[token]
    assert target(path, names, schema_of(names.kind, REGION)) == place


def test_every_name_of_the_table_is_in_the_schema() -> None:
    everywhere = yaml.safe_load(NAMES.read_text())["everywhere"]["names"]
    missing = [
        (token, path)
        for token, names in table().types.items()
        for path in names.names.keys() - names.without.keys() - everywhere.keys()
        if target(path, names, schema_of(names.kind, REGION)) is None
    ]
    assert missing == []
