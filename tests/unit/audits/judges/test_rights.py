"""The judge of rights, and what keeps its list of calls that nobody makes true."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from audits.judges.declared import Declared
from audits.judges.rights import Roles, Unused, compared, held, needed, roles, unused
from audits.judges.types import COUNTERPARTS, WITHOUT
from stackyard.blueprints.catalogue import BLUEPRINTS
from stackyard_cli.bootstrap import permissions
from stackyard_cli.bootstrap.permissions import types_of
from stackyard_sandbox.cloud.iam import service_reference

SDK = Path((find_spec("pulumi_aws") or pytest.fail("not installed")).origin or "").parent
GROUP = "aws:cloudwatch/logGroup:LogGroup"
DELETE = "logs:deleteretentionpolicy"


def token(name: str) -> str:
    """Return the token of a type as components write it: `lambda_.Function`."""
    module, _, kind = name.partition(".")
    return f"aws:{module.rstrip('_')}/{kind[0].lower()}{kind[1:]}:{kind}"


def declared(kind: str, **inputs: object) -> Declared:
    return Declared("platform/foundation/dev", "urn", kind, "one", inputs, {})


EVERYTHING = [declared(token(name)) for name in sorted(types_of(BLUEPRINTS))]


def test_each_permission_of_a_handler_is_granted_or_has_a_reason() -> None:
    assert {one.type for one in EVERYTHING} <= COUNTERPARTS.keys() | WITHOUT.keys()
    answer = held(EVERYTHING)
    assert answer.items > 600
    assert answer.findings == []


def test_a_right_that_is_taken_away_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    table = permissions.TABLE
    line = table["cloudwatch.LogGroup"].replace("DeleteRetentionPolicy", "")
    monkeypatch.setitem(table, "cloudwatch.LogGroup", line)
    (finding,) = held(EVERYTHING).findings
    assert finding.rule == "missing-right"
    assert finding.resource == f"AWS::Logs::LogGroup {DELETE}"


def test_a_preview_that_cannot_read_is_found_and_nothing_else_is_asked_of_it() -> None:
    everything = frozenset(action for action, _ in needed("AWS::Logs::LogGroup"))
    granted = Roles(everything, frozenset())
    findings = compared([declared(GROUP)], granted, []).findings
    assert {one.says for one in findings} == {"not in: preview"}
    assert {one.resource.partition(" ")[2] for one in findings} == {
        action for action, verb in needed("AWS::Logs::LogGroup") if verb == "read"
    }


def test_a_line_that_excuses_nothing_is_a_finding() -> None:
    line = Unused("AWS::Logs::LogGroup", frozenset({DELETE}), reason="never called")
    everything = frozenset(action for action, _ in needed("AWS::Logs::LogGroup"))
    (finding,) = compared([declared(GROUP)], Roles(everything, everything), [line]).findings
    assert (finding.rule, finding.resource) == ("right-is-there", f"AWS::Logs::LogGroup {DELETE}")


@pytest.mark.parametrize(
    "resource",
    [
        declared("aws:lambda/function:Function", reservedConcurrentExecutions=5),
        declared("aws:s3/bucketReplicationConfig:BucketReplicationConfig"),
    ],
)
def test_a_declared_property_or_type_that_makes_the_call_is_a_finding(resource: Declared) -> None:
    found = held([*EVERYTHING, resource]).findings
    assert [(one.rule, one.resource) for one in found] == [("called-after-all", resource.label)]


def test_what_is_granted_on_the_state_alone_does_not_count() -> None:
    granted = roles()
    assert "s3:putobject" not in granted.apply
    assert "kms:encrypt" not in granted.apply
    assert "iam:deleterolepermissionsboundary" not in granted.apply
    assert "iam:createuser" not in granted.apply
    assert granted.preview < granted.apply


def test_each_line_names_actions_of_iam_and_a_reason() -> None:
    for line in unused():
        assert line.reason or line.unless
        assert all(service_reference.has_action(action) for action in line.actions)
        assert not line.reason or len(line.reason.split()) > 4


@pytest.mark.parametrize("line", unused(), ids=lambda line: min(line.actions))
def test_each_property_and_type_is_one_of_the_provider(line: Unused) -> None:
    """A name that is spelt wrong would never be declared."""
    for named in line.unless:
        source = _source(named, line.kind)
        if named.startswith("aws:"):
            assert f'"{named}"' in source
        else:
            assert f'"{named.partition(".")[2]}"' in source, named


def _source(named: str, kind: str) -> str:
    """Return the SDK's module of a type, or of a property's type."""
    types = {one.rpartition(":")[2]: one for one, held in COUNTERPARTS.items() if held.kind == kind}
    where = named if named.startswith("aws:") else types[named.partition(".")[0]]
    module, name = where.split(":")[1].split("/")
    folder = "lambda_" if module == "lambda" else module
    file = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    return (SDK / folder / f"{file}.py").read_text()
