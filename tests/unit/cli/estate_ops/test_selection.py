"""The language in which every subcommand takes its stacks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from stackyard.estate.errors import EstateError
from stackyard.estate.estate import Estate
from stackyard_cli import app
from stackyard_cli.estate_ops.selection import select
from tests.support.estates import SmallEstate

FOUNDATION, SERVICES = "platform/foundation/dev", "platform/services/dev"
CLICKS, DEFECTS, PROD = "ranking/clicks/dev", "vision/defects/dev", "ranking/clicks/prod"
DEV = [FOUNDATION, SERVICES, CLICKS, DEFECTS]


@pytest.fixture
def small(tmp_path: Path) -> SmallEstate:
    small = SmallEstate(tmp_path)
    small.write("platform/foundation/prod.yaml", "{}\n")
    small.write("platform/services/prod.yaml", "{}\n")
    small.write("ranking/clicks/prod.yaml", "tags: {cost: b}\n")
    return small


def selected(small: SmallEstate, *arguments: str) -> list[str]:
    return [str(stack) for stack in select(Estate(small.root), arguments)]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["*/*/dev"], DEV),
        (["stage:dev"], DEV),
        (["team:rank*,stage:prod"], [PROD]),
        (["project:defects", PROD], [PROD, DEFECTS]),
        (["blueprint:foundation"], [FOUNDATION, "platform/foundation/prod"]),
        (["tag:cost=b"], [PROD]),
        (["tag:cost"], [CLICKS, PROD]),
        ([f"upstream-of:{SERVICES}"], [FOUNDATION]),
        ([f"upstream-of:{DEFECTS}"], [FOUNDATION, SERVICES]),
        ([f"downstream-of:{FOUNDATION}"], [SERVICES, CLICKS, DEFECTS]),
        (["stage:dev,not:team:platform"], [CLICKS, DEFECTS]),
        (["stage:dev", "not:team:platform"], [CLICKS, DEFECTS]),
        (["not:stage:prod"], DEV),
        ([f"downstream-of:{FOUNDATION},not:{DEFECTS}"], [SERVICES, CLICKS]),
    ],
)
def test_conditions_select_stacks(
    small: SmallEstate, arguments: list[str], expected: list[str]
) -> None:
    assert selected(small, *arguments) == sorted(expected)


@pytest.mark.parametrize(
    ("argument", "problem", "hint"),
    [
        ("stage:dve", "no stack with stage 'dve'", "did you mean `dev`?"),
        ("team:visoin", "no stack with team 'visoin'", "did you mean `vision`?"),
        ("tag:cots=b", "no stack with tag 'cots=b'", "did you mean `cost=b`?"),
        ("blueprint:x", "no stack with blueprint 'x'", "this estate has: foundation"),
        ("stag:dev", "no condition 'stag' for a selection (got 'stag:dev')", "mean `stage`?"),
        ("upstream-of:vision/defect/dev", "no stack matches 'vision/defect/dev'", DEFECTS),
        ("not:stage:dve", "no stack with stage 'dve'", "did you mean `dev`?"),
        ("stage:dev,", "a selection is TEAM/PROJECT/STAGE", "stacks here"),
    ],
)
def test_a_condition_that_no_stack_meets_is_an_error_with_the_nearest(
    small: SmallEstate, argument: str, problem: str, hint: str
) -> None:
    with pytest.raises(EstateError) as caught:
        selected(small, "*/*/dev", argument)
    assert problem in caught.value.message
    assert hint in str(caught.value.hint)


def test_what_a_change_in_git_affects_is_selected(small: SmallEstate) -> None:
    def git(*words: str) -> None:
        own = ("-c", "user.name=a", "-c", "user.email=a@acme.example")
        subprocess.run(["git", *own, *words], cwd=small.root, check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    assert selected(small, "affected:HEAD") == []
    small.write("ranking/clicks/_defaults.yaml", "tags: {also: elsewhere}\n")
    assert selected(small, "affected:HEAD") == [CLICKS, PROD]
    assert selected(small, "affected:HEAD,stage:prod") == [PROD]


def test_a_subcommand_takes_conditions(
    small: SmallEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["list", "stage:prod", "not:team:platform", "--estate", str(small.root)]
    assert app.run(words) == 0
    listed = capsys.readouterr().out
    assert PROD in listed
    assert CLICKS not in listed
