from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError, field_validator

from stackyard.config import Config, Name, immutable
from stackyard.estate.errors import StackFileErrors
from stackyard.estate.immutable import changed_immutables
from stackyard.estate.reader import parse
from stackyard.estate.validation import checked, validated
from stackyard.problem import Problem, above


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


class Turns(Config):
    mode: Literal["turns"]
    replicas: int


class Slices(Config):
    mode: Literal["slices"]
    profile: str


class Pool(Config):
    cidr: str = immutable(default="10.0.0.0/16")
    size: Annotated[int, Field(ge=1, le=9)] = 3
    smallest: int = 1
    zones: tuple[str, ...] = ()
    color: Color = Color.RED
    days: int | Literal["forever"] = 1
    sharing: Annotated[Turns | Slices, Field(discriminator="mode")] | None = None

    def problems(self) -> Iterator[Problem]:
        yield from above("smallest", self.smallest, "size", self.size)


class Net(Config):
    zones: list[str] = immutable(default=["a", "b"])


class Vault(Config):
    password: str = ""
    port: int = 1

    @field_validator("password")
    @classmethod
    def _long(cls, value: str) -> str:
        if 0 < len(value) < 12:
            raise ValueError(f"Password {value} is too short")
        return value


class Sample(Config):
    owner: str
    """Who answers for it."""

    region: str = immutable(default="here")
    pools: dict[Name, Pool] = {}
    spare: list[Pool] = []
    vault: Vault = Vault()
    net: Net = Net()
    open: bool = False
    tags: dict[str, str] = {}

    def problems(self) -> Iterator[Problem]:
        if self.owner == "elsewhere@x":
            yield Problem(("owner",), "is not of this sample", "ask `pools`")
        for name, pool in self.pools.items():
            if pool.size > 8:
                taken = (("pools", "least", "size"), ("spare",))
                yield Problem(("pools", name, "zones"), "too large", "shrink it", related=taken)


def problems(text: str) -> list[str]:
    with pytest.raises(StackFileErrors) as caught:
        validated(Sample, parse(text, "f.yaml"))
    return str(caught.value).replace("\n  hint:", " HINT").splitlines()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("poolz: {}", "f.yaml:2:1: `poolz`: unknown field HINT did you mean `pools`?"),
        (
            "pools: {aa: {sise: 3}}",
            "f.yaml:2:14: `pools.aa.sise`: unknown field HINT did you mean `size`?",
        ),
        (
            "spare: [{}, {colour: red}]",
            "f.yaml:2:14: `spare[1].colour`: unknown field HINT did you mean `color`?",
        ),
        (
            "pools: {aa: {sharing: {mode: turns, replicaz: 2}}}",
            "f.yaml:2:14: `pools.aa.sharing.replicas`: is required HINT add it",
        ),
        ("pools: {aa: {size: 10}}", "f.yaml:2:20: `pools.aa.size`: must be at most 9 (got 10)"),
        (
            "pools: {aa: {size: '3'}}",
            "f.yaml:2:20: `pools.aa.size`: must be a whole number (got '3')",
        ),
        (
            "pools: {aa: {size: 3.5}}",
            "f.yaml:2:20: `pools.aa.size`: must be a whole number (got 3.5)",
        ),
        ("open: yes", "f.yaml:2:7: `open`: must be true or false (got 'yes')"),
        (
            "tags: {a: 1.30}",
            "f.yaml:2:11: `tags.a`: must be text (got 1.30) HINT write it in quotes",
        ),
        (
            "pools: {aa: {color: redd}}",
            (
                "f.yaml:2:21: `pools.aa.color`: must be one of red, blue (got 'redd')"
                " HINT did you mean `red`?"
            ),
        ),
        (
            "pools: {aa: {days: never}}",
            (
                "f.yaml:2:20: `pools.aa.days`: must be a whole number or forever (got 'never')"
                " HINT did you mean `forever`?"
            ),
        ),
        ("pools: [1]", "f.yaml:2:1: `pools`: must be a map (got a list)"),
        ("pools: {aa: 5}", "f.yaml:2:13: `pools.aa`: must be a map of fields (got 5)"),
        (
            "pools: {aa: {sharing: {mode: magic}}}",
            "f.yaml:2:30: `pools.aa.sharing.mode`: must be one of turns, slices (got 'magic')",
        ),
        (
            "pools: {aa: {sharing: {replicas: 2}}}",
            "f.yaml:2:14: `pools.aa.sharing`: needs `mode` (got a map)",
        ),
        (
            "pools:\n  aa:\n    size: 2\n    smallest: 5",
            (
                "f.yaml:5:15: `pools.aa.smallest`: `smallest` (5) is above `size` (2)"
                " HINT `pools.aa.size` is at f.yaml:4:11"
            ),
        ),
    ],
)
def test_findings_are_plain_and_placed(line: str, expected: str) -> None:
    assert expected in problems(f"owner: me\n{line}\n")


def test_a_bad_name_of_an_entry_is_placed_at_the_name() -> None:
    (found,) = problems("owner: me\npools:\n  Bad_Name: {}\n")
    assert found.startswith("f.yaml:3:3: `pools.Bad_Name`: must match ")


def test_what_is_missing_is_placed_at_the_nearest_parent_and_described() -> None:
    assert problems("open: true\n") == [
        "f.yaml:1:1: `owner`: is required HINT add it: Who answers for it"
    ]


def test_a_problem_is_at_its_path_whatever_its_text_says() -> None:
    assert problems("open: true\npools: {}\nowner: elsewhere@x\n") == [
        "f.yaml:3:8: `owner`: is not of this sample (got 'elsewhere@x') HINT ask `pools`"
    ]


@pytest.mark.parametrize(
    ("text", "expected", "related"),
    [
        ("pools: {big: {size: 9, zones: [x]}}\nspare: []", "2:24: `pools.big.zones`", True),
        ("pools: {big: {size: 9}}\nspare: []", "3:1: `spare`", False),
        ("pools: {big: {size: 9}}", "2:9: `pools.big`", False),
    ],
    ids=["its own field", "a related field", "the nearest section"],
)
def test_a_problem_of_a_default_is_at_a_field_that_is_written(
    text: str, expected: str, related: bool
) -> None:
    (found,) = problems(f"owner: me\n{text}\n")
    hint = "shrink it; `spare` is at f.yaml:3:1" if related else "shrink it"
    assert found == f"f.yaml:{expected}: too large HINT {hint}"


def test_all_findings_come_at_once() -> None:
    found = problems("poolz: 1\nopen: maybe\ntags: {a: 1, b: 2}\n")
    assert [each.split(":")[1] for each in found] == ["1", "1", "2", "3", "3"]


@pytest.mark.parametrize(
    "line",
    [
        "vault: {password: hunter2}",
        "vault: {password: 123456789}",
        "vault: {port: 'postgres://me:hunter2@db'}",
        "tags: {api_key: 123456789}",
        "tokens: hunter2",
        "vault: {port: AKIAHUNTER2HUNTER234}",
    ],
)
def test_a_secret_is_never_echoed(line: str) -> None:
    with pytest.raises(StackFileErrors) as caught:
        validated(Sample, parse(f"owner: me\n{line}\n", "f.yaml"))
    told = str(caught.value) + repr([each.to_dict() for each in caught.value.problems])
    assert not [word for word in ("hunter2", "123456789", "HUNTER2") if word in told]


def test_long_and_unprintable_values_are_shortened_and_escaped() -> None:
    (found,) = problems(f'owner: me\nopen: "\\e[31m{"x" * 500}"\n')
    assert len(found) < 160
    assert "\x1b" not in found


def test_what_is_valid_becomes_the_model() -> None:
    text = "owner: me\npools: {aa: {zones: [x, y], color: blue, days: forever}}\n"
    pool = validated(Sample, parse(text, "f.yaml")).pools["aa"]
    assert (pool.zones, pool.color, pool.days) == (("x", "y"), Color.BLUE, "forever")


@pytest.mark.parametrize(
    ("recorded", "new", "changed"),
    [
        ({}, {"region": "here"}, []),
        ({}, {"region": "there"}, [(("region",), "here", "there")]),
        ({"region": "a"}, {"region": "b"}, [(("region",), "a", "b")]),
        ({"open": True}, {"open": False}, []),
        ({"pools": {"aa": {"size": 1}}}, {"pools": {"aa": {"size": 2}}}, []),
        (
            {"pools": {"aa": {}, "gone": {"cidr": "x"}}},
            {"pools": {"aa": {"cidr": "y"}, "new": {"cidr": "z"}}},
            [(("pools", "aa", "cidr"), "10.0.0.0/16", "y")],
        ),
        ({"unknown": 1}, {}, []),
        ({"net": {}}, {"net": {"zones": ["a", "b"]}}, []),
        ({}, {"net": {"zones": ["a"]}}, [(("net", "zones"), ["a", "b"], ["a"])]),
    ],
)
def test_changed_immutables(recorded: dict, new: dict, changed: list) -> None:  # type: ignore[type-arg]
    assert changed_immutables(Sample, recorded, new) == changed


class Stated(Config):
    first: int = 1
    second: int = 2

    def problems(self) -> Iterator[Problem]:
        yield Problem(("first",), "is wrong; `second` is not")
        yield Problem(("second",), "is wrong, too")


def test_all_problems_of_one_model_come_at_once() -> None:
    with pytest.raises(StackFileErrors) as caught:
        validated(Stated, parse("second: 2\nfirst: 1\n", "f.yaml"))
    assert [(each.line, each.path, each.problem) for each in caught.value.problems] == [
        (1, "second", "is wrong, too"),
        (2, "first", "is wrong; `second` is not"),
    ]


def test_a_config_made_in_a_program_shows_its_problems_in_pydantics_error() -> None:
    with pytest.raises(ValidationError, match=r"first: is wrong; .*; second: is wrong, too"):
        Stated(first=3)


def test_a_validator_that_quotes_a_secret_is_silenced() -> None:
    (found,) = problems("owner: me\nvault: {password: hunter2}\n")
    assert found == "f.yaml:2:19: `vault.password`: password [hidden] is too short (got [hidden])"


def test_what_is_wrong_between_fields_is_found_beside_what_is_wrong_in_one() -> None:
    wrong = "owner: elsewhere@x\nopen: maybe\npools: {aa: {size: 4, smallest: 7}, bb: {size: 9}}"
    assert [line.split(" HINT")[0] for line in problems(wrong)] == [
        "f.yaml:1:8: `owner`: is not of this sample (got 'elsewhere@x')",
        "f.yaml:2:7: `open`: must be true or false (got 'maybe')",
        "f.yaml:3:33: `pools.aa.smallest`: `smallest` (7) is above `size` (4)",
        "f.yaml:3:37: `pools.bb`: too large",
    ]


def test_what_may_only_follow_from_what_is_left_out_is_not_reported() -> None:
    """The size of `least` takes part in the second problem, so nobody knows without it."""
    wrong = "owner: a@b.example\npools: {least: {size: x}, bb: {size: 9}}"
    (only,) = problems(wrong)
    assert only.startswith("f.yaml:2:23: `pools.least.size`: must be a whole number")
    found = checked(Sample, parse(wrong, "f.yaml"))
    assert found.config is not None
    assert found.config.pools["least"].size == 3
    assert found.left_out == {("pools", "least", "size")}


def test_nothing_can_be_said_without_what_every_stack_needs() -> None:
    found = checked(Sample, parse("owner: [a]\npools: {bb: {size: 9}}", "f.yaml"))
    assert found.config is None
    assert [error.path for error in found.errors] == ["owner"]
