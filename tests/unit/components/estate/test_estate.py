from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from stackyard.estate.errors import EstateError, StackFileErrors
from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from tests.support.estates import SmallEstate


def test_an_estate_is_found_from_below_and_by_name(small: SmallEstate, tmp_path: Path) -> None:
    below = small.root / "stacks" / "ranking" / "clicks"
    assert Estate.find(below).root == small.root
    assert Estate.find(tmp_path, small.root).root == small.root
    with pytest.raises(EstateError, match="no estate in this folder or above"):
        Estate.find(tmp_path)
    with pytest.raises(EstateError, match="is not an estate"):
        Estate.find(small.root, tmp_path)


def test_files_inherit_in_the_fixed_order_and_keep_their_origins(small: SmallEstate) -> None:
    loaded = Estate(small.root).load(StackId("ranking", "clicks", "dev"))
    assert loaded.effective["tags"] == {"stage": "dev", "from": "stack", "cost": "a"}
    assert loaded.effective["owner"] == loaded.config.owner == "ranking@acme.example"
    assert {path: str(origin) for path, origin in loaded.origins.items()} == {
        ("owner",): "stacks/ranking/_defaults.yaml:1:8",
        ("account",): "stacks/_defaults.yaml:2:10",
        ("region",): "stacks/_defaults.yaml:3:9",
        ("tags", "stage"): "stacks/_stages/dev.yaml:1:15",
        ("tags", "from"): "stacks/ranking/clicks/dev.yaml:1:14",
        ("tags", "cost"): "stacks/ranking/clicks/dev.yaml:1:27",
    }
    small.write("ranking/clicks/dev.yaml", "{}\n")
    assert Estate(small.root).load(loaded.id).effective["tags"]["from"] == "project"
    small.write("ranking/clicks/_defaults.yaml", "{}\n")
    assert Estate(small.root).load(loaded.id).effective["tags"]["from"] == "team"
    small.write("ranking/_defaults.yaml", "{}\n")
    assert Estate(small.root).load(loaded.id).effective["tags"]["from"] == "stage"


def test_the_digest_is_of_the_meaning_not_of_the_spelling(small: SmallEstate) -> None:
    stack = StackId("ranking", "clicks", "dev")
    before = Estate(small.root).load(stack).digest
    small.write("ranking/clicks/dev.yaml", "# moved\ntags:\n  cost: 'a'\n  from: stack\n")
    assert Estate(small.root).load(stack).digest == before
    small.write("ranking/clicks/dev.yaml", "tags: {from: stack, cost: b}\n")
    assert Estate(small.root).load(stack).digest != before


def test_shared_sections_go_to_the_blueprints_that_know_them(small: SmallEstate) -> None:
    small.write("_stages/dev.yaml", "network: {nat: none, interface_endpoints: []}\n")
    estate = Estate(small.root)
    assert "network" not in estate.load(StackId("ranking", "clicks", "dev")).effective
    with pytest.raises(StackFileErrors, match=r"stacks/_stages/dev.yaml:1:.*network.nat"):
        estate.load(StackId("platform", "foundation", "dev"))


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("_defaults.yaml", "netwrok: {}\n", "1:1: `netwrok`: unknown field\n  hint: did you mean"),
        ("_stages/dev.yaml", "blueprint: project\n", "1:1: `blueprint`: cannot be the same"),
        ("ranking/clicks/dev.yaml", "blueprint: project\n", "1:1: `blueprint`: is the same in"),
        ("ranking/_defaults.yaml", "network: {}\n", "1:1: `network`: unknown field"),
        (
            "ranking/_defaults.yaml",
            "blueprint: fundation\n",
            "1:12: `blueprint`: must be one of foundation, services, project (got 'fundation')",
        ),
        ("ranking/_defaults.yaml", "blueprint: {}\n", "1:1: `blueprint`: must be one of"),
    ],
)
def test_keys_in_the_wrong_file(small: SmallEstate, file: str, text: str, expected: str) -> None:
    small.write(file, text)
    with pytest.raises(StackFileErrors) as caught:
        Estate(small.root).load(StackId("ranking", "clicks", "dev"))
    assert f"stacks/{file}:{expected}" in str(caught.value)


def test_all_problems_of_all_files_of_a_stack_come_at_once(small: SmallEstate) -> None:
    small.write("ranking/_defaults.yaml", "owner: nobody\n")
    small.write("ranking/clicks/dev.yaml", "blueprint: project\ntagz: {}\nregion: here\n")
    with pytest.raises(StackFileErrors) as caught:
        Estate(small.root).load(StackId("ranking", "clicks", "dev"))
    places = [(each.file.removeprefix("stacks/"), each.line) for each in caught.value.problems]
    assert places == [
        ("ranking/_defaults.yaml", 1),
        ("ranking/clicks/dev.yaml", 1),
        ("ranking/clicks/dev.yaml", 2),
        ("ranking/clicks/dev.yaml", 3),
    ]


def test_a_stage_needs_its_file(small: SmallEstate) -> None:
    small.write("ranking/clicks/pord.yaml", "{}\n")
    with pytest.raises(StackFileErrors) as caught:
        Estate(small.root).load(StackId("ranking", "clicks", "pord"))
    assert str(caught.value) == (
        "stacks/ranking/clicks/pord.yaml: stage `pord` does not exist: there is no "
        "stacks/_stages/pord.yaml\n  hint: did you mean `prod`?"
    )


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        (["ranking/clicks/dev"], ["ranking/clicks/dev"]),
        (["*/*/dev", "ranking/*/*"], None),
        (["platform/*/dev"], ["platform/foundation/dev", "platform/services/dev"]),
        (["[pv]*/[!s]*/dev"], ["platform/foundation/dev", "vision/defects/dev"]),
        ([], None),
        (None, None),
    ],
)
def test_selection(
    small: SmallEstate, patterns: list[str] | None, chosen: list[str] | None
) -> None:
    estate = Estate(small.root)
    expected = chosen or [str(stack) for stack in estate.stacks()]
    assert [str(stack) for stack in estate.select(patterns)] == expected


@pytest.mark.parametrize(
    "pattern",
    ["rankin/clicks/dev", "ranking/*", "ranking", "*", ".", "..", "--help", "", "a/b/c/d", "a//b"],
)
def test_a_selection_of_nothing_is_an_error_that_names_stacks(
    small: SmallEstate, pattern: str
) -> None:
    with pytest.raises(EstateError) as caught:
        Estate(small.root).select(["*/*/dev", pattern])
    assert repr(pattern) in caught.value.message
    assert caught.value.hint is not None
    assert "`stackyard list`" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    ["a/b", "../../etc", "a/../dev", "a/b/--help", "A/b/dev", "ranking/clicks/prod", "*/*/dev", ""],
)
def test_one_stack_is_named_exactly(small: SmallEstate, text: str) -> None:
    with pytest.raises(EstateError):
        Estate(small.root).one(text)


def test_layers_follow_the_contracts(small: SmallEstate) -> None:
    estate = Estate(small.root)
    stacks = estate.stacks()
    random.Random(1).shuffle(stacks)
    assert [[str(stack) for stack in layer] for layer in estate.layers(stacks)] == [
        ["platform/foundation/dev"],
        ["platform/services/dev"],
        ["ranking/clicks/dev", "vision/defects/dev"],
    ]


def test_upstreams_are_of_the_same_stage_and_one_each(small: SmallEstate) -> None:
    estate = Estate(small.root)
    clicks = StackId("ranking", "clicks", "dev")
    assert {name: str(stack) for name, stack in estate.upstreams(clicks).items()} == {
        "foundation": "platform/foundation/dev",
        "services": "platform/services/dev",
    }
    assert estate.upstreams(StackId("platform", "foundation", "dev")) == {}
    small.write("other/services/_defaults.yaml", "blueprint: services\n")
    small.write("other/services/dev.yaml", "{}\n")
    both = r"needs one `services` in its stage, there is other/services/dev, platform/services/dev"
    with pytest.raises(EstateError, match=both):
        Estate(small.root).upstreams(clicks)
    small.write("ranking/clicks/prod.yaml", "{}\n")
    with pytest.raises(EstateError, match="needs one `foundation` in its stage, there is none"):
        Estate(small.root).upstreams(StackId("ranking", "clicks", "prod"))


def test_astray_files_are_reported(small: SmallEstate) -> None:
    for name in (
        "lost.yaml",
        "_default.yaml",
        "ranking/lost.yaml",
        "ranking/clicks/stage.yml",
        "ranking/clicks/deeper/dev.yaml",
        "ranking/clicks/_shared.yaml",
        "ranking/clicks/Prod.yaml",
        "ranking/clicks/--help.yaml",
        "_stages/x.yml",
    ):
        small.write(name, "{}\n")
    small.write("README.md", "words\n")
    small.write(".hidden.yaml", "{}\n")
    estate = Estate(small.root)
    astray = {each.file.removeprefix("stacks/"): each.problem for each in estate.check([])}
    wrong_place = "is not read: it is in the wrong folder"
    assert astray == {
        "lost.yaml": wrong_place,
        "_default.yaml": "is not read: it is not a known shared file",
        "ranking/lost.yaml": wrong_place,
        "ranking/clicks/stage.yml": "is not read: stack files end in .yaml",
        "ranking/clicks/deeper": wrong_place,
        "ranking/clicks/_shared.yaml": "is not read: it is not a known shared file",
        "ranking/clicks/Prod.yaml": "is not a valid name of a team, project or stage",
        "ranking/clicks/--help.yaml": "is not a valid name of a team, project or stage",
        "_stages/x.yml": "is not read: stack files end in .yaml",
    }
    assert len(estate.stacks()) == 4


def test_check_tells_each_problem_once_and_nothing_of_a_good_estate(small: SmallEstate) -> None:
    estate = Estate(small.root)
    assert estate.check(estate.stacks()) == []
    small.write("_defaults.yaml", "owner: all\naccount: 1\nregion: eu-central-1\nx: 1\n")
    estate = Estate(small.root)
    lines = [each.line for each in estate.check(estate.stacks())]
    assert lines == [1, 2, 4]


def test_a_text_is_tried_without_being_written(small: SmallEstate) -> None:
    estate = Estate(small.root)
    stack = StackId("ranking", "fresh", "dev")
    assert estate.load_text(stack, "tags: {a: b}\n").effective["tags"]["a"] == "b"
    with pytest.raises(StackFileErrors, match=r"stacks/ranking/fresh/dev.yaml:1:1: `tagz`"):
        estate.load_text(stack, "tagz: {a: b}\n")
    assert not (small.root / "stacks" / "ranking" / "fresh").exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "name: acme\ntarget: aws\n",
            "_estate.yaml:2:9: `target`: `target: aws` needs `state.backend` and",
        ),
        ("name: acme\nstate: {backend: 's3://k:hunter2@b'}\n", "`state.backend`: must match"),
        ("name: acme\ntarget: cloud\n", "must be one of aws, sandbox"),
        ("target: sandbox\n", "`name`: is required"),
        ("", "is empty"),
    ],
)
def test_settings_are_checked(small: SmallEstate, text: str, problem: str) -> None:
    small.write("_estate.yaml", text)
    with pytest.raises(StackFileErrors) as caught:
        assert Estate(small.root).settings
    assert problem in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_settings_are_checked_in_an_interpreter_without_assertions(small: SmallEstate) -> None:
    small.write("_estate.yaml", "name: Not A Name\n")
    code = (
        "import sys\nfrom pathlib import Path\nfrom stackyard.estate.estate import Estate\n"
        "estate = Estate(Path(sys.argv[1]))\nprint(*estate.check(estate.stacks()))"
    )
    command = [sys.executable, "-O", "-c", code, str(small.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("stacks/_estate.yaml:1:7: `name`: must match")


def test_an_unreadable_file(small: SmallEstate, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, flags: int) -> int:
        raise PermissionError(13, "Permission denied", path)

    estate = Estate(small.root)
    assert estate.stacks()
    # Root may read every file, so the system's answer is imitated.
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StackFileErrors, match=r"_stages/dev.yaml: cannot be read: permission"):
        estate.load(StackId("ranking", "clicks", "dev"))


def test_links_cannot_lead_the_walk_astray(small: SmallEstate) -> None:
    (small.root / "stacks" / "ranking" / "again").symlink_to(small.root / "stacks")
    (small.root / "stacks" / "loop").symlink_to("loop")
    estate = Estate(small.root)
    assert len(estate.stacks()) == 4
    astray = {each.file: each.problem for each in estate.check([])}
    assert astray["stacks/loop"] == "is a broken link"
    assert any(file.startswith("stacks/ranking/again/") for file in astray)


def test_a_thousand_stacks_are_read(small: SmallEstate) -> None:
    text = "datasets:\n" + "".join(
        f"  data{n}:\n    kind: raw\n    directories: [incoming, archive]\n" for n in range(5)
    )
    for n in range(1000):
        small.write(f"team{n % 20}/project{n // 20}/dev.yaml", text)
    estate = Estate(small.root)
    assert estate.check(estate.stacks()) == []
