"""Every served AWS resource type: made, read back without drift, changed, imported, deleted."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from stackyard_sandbox.provider.aws import catalogue
from stackyard_sandbox.provider.protocol import UNKNOWN, decode

from .engine_stub import Engine, Recorded
from .provider_aws_cloud import ACCOUNT, REGION, Cloud, started
from .provider_aws_examples import ALL, STAYS, Example, Ref


class Examples:
    """The examples made so far; they stand on each other, so tests run in the table's order."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.made: dict[str, Recorded] = {}

    def resolved(self, value: Any) -> Any:
        if isinstance(value, Ref):
            if value.name not in self.made:
                pytest.fail(f"needs the example {value.name!r}, which failed")
            found = self.made[value.name]
            return value.wrap(
                found.identity if value.output == "id" else found.values[value.output]
            )
        if isinstance(value, dict):
            return {key: self.resolved(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        return value


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with started() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def examples(cloud: Cloud) -> Examples:
    tags = {"tags": {"stackyard:team": "ranking"}}
    engine = Engine(cloud.provider, region=REGION, defaultTags=tags, allowedAccountIds=[ACCOUNT])
    assert not engine.config_failures
    return Examples(engine)


def assert_no_drift(recorded: Recorded, found: Recorded | None) -> None:
    assert found is not None, "read says it is gone"
    assert decode(found.inputs).values == decode(recorded.inputs).values
    assert found.values == recorded.values


def known_again(preview: Any, made: Recorded) -> None:
    """What a preview claims to know must come true."""
    for key, value in decode(preview).values.items():
        if value is not UNKNOWN and not isinstance(value, dict | list):
            assert made.values[key] == value, key


@pytest.mark.parametrize("example", ALL, ids=[f"{one.name}-{one.token}" for one in ALL])
def test_lives(examples: Examples, example: Example) -> None:
    engine = examples.engine
    inputs = examples.resolved(example.inputs)
    made = engine.create(example.token, example.name, inputs)
    examples.made[example.name] = made
    known_again(made.extra["preview"], made)
    unchanged = engine.diff(made, example.name, inputs)
    assert unchanged.changes == unchanged.DIFF_NONE, list(unchanged.detailedDiff)
    assert_no_drift(made, engine.read(made))
    if example.importable:
        imported = engine.imported(made)
        assert imported is not None
        difference = engine.diff(imported, example.name, inputs)
        assert not difference.replaces, list(difference.replaces)
    if example.update:
        changed = {**inputs, **examples.resolved(example.update)}
        difference = engine.diff(made, example.name, changed)
        assert difference.changes == difference.DIFF_SOME
        assert not difference.replaces, list(difference.replaces)
        assert set(difference.diffs) - {"tagsAll"} <= set(example.update)
        examples.made[example.name] = engine.update(made, example.name, changed)
        assert_no_drift(examples.made[example.name], engine.read(examples.made[example.name]))


def test_an_update_that_the_emulator_ignores_is_no_success(examples: Examples) -> None:
    example = next(one for one in ALL if one.name == "endpoint-ecr")
    inputs = examples.resolved({**example.inputs, **example.update, "privateDnsEnabled": False})
    with pytest.raises(grpc.RpcError) as caught:
        examples.engine.update(examples.made["endpoint-ecr"], "endpoint-ecr", inputs)
    assert "did not take over `privateDnsEnabled`" in caught.value.details()


def test_every_served_type_has_an_example() -> None:
    assert catalogue.tokens() == {example.token for example in ALL}


@pytest.mark.parametrize("example", ALL[::-1], ids=[f"{one.name}-{one.token}" for one in ALL[::-1]])
def test_goes(examples: Examples, example: Example) -> None:
    if example.name not in examples.made:
        pytest.fail("was never made")
    recorded = examples.made[example.name]
    examples.engine.delete(recorded)
    if example.token not in STAYS:
        assert examples.engine.read(recorded) is None
    examples.engine.delete(recorded)
