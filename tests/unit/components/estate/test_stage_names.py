"""Names within reach of another stage, decided by the apply role's own policy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stackyard import iam
from stackyard.access.evaluator import Request, decide
from stackyard.estate.estate import Estate
from stackyard.naming import StackId, role_name
from stackyard_cli.bootstrap import policies
from stackyard_cli.bootstrap.context import AccountContext
from stackyard_cli.bootstrap.permissions import actions_of
from tests.support.estates import STACKS

STAGES = ("dev", "staging", "prod")
ROLES = "arn:aws:iam::123456789012:role/"
CONTEXT = AccountContext("aws", "123456789012", "eu-central-1", "acme-state", "key")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(STACKS, tmp_path / "stacks")
    return tmp_path


def passes(stage: str, role: str) -> bool:
    """Whether the apply role of a stage may pass a role, as far as names decide it."""
    own = iam.document(*policies.apply(CONTEXT, actions_of({"iam.Role"}), stage))
    service = {"iam:PassedToService": "lambda.amazonaws.com"}
    asked = Request(f"{ROLES}stackyard-apply", "iam:PassRole", f"{ROLES}{role}", service)
    return decide(asked, own).allowed


def found(root: Path) -> list[str]:
    estate = Estate(root)
    return [str(one) for one in estate.check(estate.stacks()) if "could change" in str(one)]


def test_no_path_of_the_reference_estate_is_within_reach_of_another_stage() -> None:
    estate = Estate(STACKS.parent)
    for stack in estate.stacks():
        reached = {stage for stage in STAGES if passes(stage, role_name(stack, "trainer"))}
        assert reached == {stack.stage}


@pytest.mark.parametrize("path", ["web/dev-tools/prod", "web/tools-dev/prod", "x-dev-y/zz/staging"])
def test_a_path_that_holds_another_stage_is_refused(root: Path, path: str) -> None:
    assert found(root) == []
    file = root / f"stacks/{path}.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("{}\n")
    assert passes("dev", role_name(StackId.parse(path), "trainer"))
    (problem,) = found(root)
    assert problem.startswith(f"stacks/{path}.yaml: apply roles of the stage `dev` could change")


@pytest.mark.parametrize("path", ["dev/tools/prod", "developers/prod-ml/prod"])
def test_a_path_that_only_looks_alike_is_accepted(root: Path, path: str) -> None:
    file = root / f"stacks/{path}.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("{}\n")
    assert not passes("dev", role_name(StackId.parse(path), "trainer"))
    assert found(root) == []


def test_an_image_whose_build_would_have_such_a_role_is_refused(root: Path) -> None:
    file = root / "stacks/vision/defects/dev.yaml"
    lines = "images: {images: {prod-trainer: {base: pytorch}}, pushers: [developer]}\n"
    file.write_text(f"{file.read_text()}\n{lines}")
    assert passes("prod", role_name(StackId("vision", "defects", "dev"), "image-prod-trainer"))
    problems = found(root)
    assert [one for one in problems if "`images.images.prod-trainer`" in one] == problems != []
