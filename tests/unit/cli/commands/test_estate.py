from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from stackyard_cli.estate_ops.scaffold import names
from tests.support.shell import Shell

DEFECTS = "vision/defects/dev"


def test_a_new_estate_is_valid_and_has_its_platform(shell: Shell) -> None:
    assert shell.answer("validate") == {"stacks": 3, "problems": []}
    assert [row["stack"] for row in shell.answer("list")] == [
        "platform/foundation/dev",
        "platform/services/dev",
        DEFECTS,
    ]
    assert shell.run("schema", "--check") == 0


@pytest.mark.parametrize(
    ("folder", "name"), [("Acme ML", "acme-ml"), ("1", "estate"), ("x" * 40, "x" * 32)]
)
def test_init_makes_a_name_of_the_folders(shell: Shell, folder: str, name: str) -> None:
    assert shell.run("init", folder) == 0
    assert f"name: {name}\n" in Path(folder, "stacks/_estate.yaml").read_text()


def test_init_refuses_what_is_taken_and_what_is_no_name(shell: Shell) -> None:
    before = sorted(Path().rglob("*"))
    assert shell.answer("init", ".", code=2)["error"] == ". is not empty"
    assert shell.run("init", "stacks/_estate.yaml") == 2
    assert shell.run("init", "fresh", "--name", "No Name") == 2
    assert sorted(Path().rglob("*")) == before


def test_init_takes_an_empty_folder(shell: Shell) -> None:
    Path("empty").mkdir()
    assert shell.run("init", "empty", "--name", "other") == 0
    assert shell.answer("validate", "--estate", "empty")["stacks"] == 2


@pytest.mark.parametrize("preset", names("presets/project"))
def test_each_preset_is_valid_and_explained(shell: Shell, preset: str) -> None:
    name = preset.removesuffix(".yaml")
    made = shell.answer("new", f"team/{name}", "--stage", "prod", "--preset", name)
    text = Path(made["file"]).read_text()
    assert text.startswith("# yaml-language-server: $schema=../../_schema/project.json\n")
    assert text.count("\n# ") + text.count("  # ") >= 4
    assert all(len(line) <= 110 for line in text.splitlines())
    assert shell.answer("show", f"team/{name}/prod")["config"]["protection"]["protect"] is True


def test_new_never_overwrites(shell: Shell) -> None:
    file = shell.folder / "stacks/vision/defects/dev.yaml"
    before = file.read_text()
    answer = shell.answer("new", "vision/defects", "--stage", "dev", code=2)
    assert answer["error"].endswith("vision/defects/dev.yaml exists")
    assert file.read_text() == before
    assert [path.name for path in file.parent.iterdir()] == ["dev.yaml"]


def test_new_writes_nothing_that_is_not_valid(shell: Shell) -> None:
    shell.write("team/_defaults.yaml", "owner: nobody\n")
    assert shell.run("new", "team/fresh", "--stage", "dev") == 2
    assert "stacks/team/_defaults.yaml:1:8: `owner`: must match" in shell.err
    assert not (shell.folder / "stacks/team/fresh").exists()


def test_new_does_not_follow_a_link_out_of_the_estate(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (shell.folder / "stacks/team").symlink_to(tmp_path / "outside")
    assert shell.run("new", "team/fresh", "--stage", "dev") == 2
    assert "is a link to a folder outside the estate" in shell.err
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("team/x1", "--stage", "pord"), "did you mean `prod`?"),
        (("team", "--stage", "dev"), "a stack is `team/project/stage`"),
        (("../x1", "--stage", "dev"), "team must be 2 to 32"),
        (("team/x1", "--stage", "--help"), "stage must be 2 to 32"),
        (("team/x1", "--stage", "dev", "--preset", "no"), "minimal, tabular, vision"),
        (
            ("platform/foundation", "--stage", "prod", "--preset", "vision"),
            "foundation are minimal",
        ),
        (("team/x1",), "Missing option '--stage'"),
    ],
)
def test_new_explains_what_it_refuses(shell: Shell, words: tuple[str, ...], told: str) -> None:
    before = sorted(shell.folder.rglob("*"))
    assert shell.run("new", *words) == 2
    assert told in shell.err
    assert sorted(shell.folder.rglob("*")) == before


def test_new_stamps_the_platform_for_another_stage(shell: Shell) -> None:
    assert shell.run("new", "platform/foundation", "--stage", "prod") == 0
    assert shell.run("validate", "platform/foundation/prod") == 0


def test_show_prints_yaml_that_reads_back(shell: Shell) -> None:
    assert shell.run("show", DEFECTS) == 0
    facts = shell_config = yaml.safe_load(shell.out)
    facts = shell.answer("show", DEFECTS)
    assert shell_config == facts["config"]
    assert (facts["stack"], facts["blueprint"], len(facts["digest"])) == (DEFECTS, "project", 64)


def test_show_origin_points_at_the_line_that_holds(shell: Shell) -> None:
    rows = {row["path"]: row for row in shell.answer("show", DEFECTS, "--origin")}
    assert rows["owner"]["origin"] == "stacks/_defaults.yaml:4:8"
    for path, row in rows.items():
        file, line, column = row["origin"].split(":")
        written = (shell.folder / file).read_text().splitlines()[int(line) - 1]
        value = row["value"]
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        assert written[int(column) - 1 :].lstrip("\"'").startswith(shown), path


def test_list_shows_a_broken_stack_beside_the_others(shell: Shell) -> None:
    shell.write("vision/broken/dev.yaml", "datasetz: {}\n")
    rows = {row["stack"]: row for row in shell.answer("list", "vision/*/*")}
    assert rows["vision/broken/dev"]["valid"] is False
    assert rows[DEFECTS]["valid"] is True
    assert rows[DEFECTS]["sections"] == [
        "retention",
        "secrets",
        "datasets",
        "access",
        "namespace",
    ]


def test_validate_names_every_error_at_once(shell: Shell) -> None:
    shell.write("vision/broken/dev.yaml", "datasetz: {}\nregion: here\n")
    shell.write("vision/worse/dev.yaml", "a: 1\na: 2\n")
    answer = shell.answer("validate", code=2)
    assert answer["error"] == "3 problems in 2 files"
    assert [(each["file"], each["line"], each["path"]) for each in answer["problems"]] == [
        ("stacks/vision/broken/dev.yaml", 1, "datasetz"),
        ("stacks/vision/broken/dev.yaml", 2, "region"),
        ("stacks/vision/worse/dev.yaml", 2, "a"),
    ]
    assert shell.run("validate") == 2
    assert "stacks/vision/broken/dev.yaml:1:1: `datasetz`: unknown field" in shell.err
    assert shell.out == ""
    assert shell.run("validate", DEFECTS) == 0


def test_validate_misses_no_upstream(shell: Shell) -> None:
    shell.write("vision/defects/prod.yaml", "{}\n")
    assert shell.run("validate") == 2
    assert "needs one `foundation` in its stage, there is none" in shell.err


def test_schema_prints_checks_and_writes(shell: Shell) -> None:
    assert shell.answer("schema", "project")["title"] == "ProjectConfig"
    assert set(shell.answer("schema")) == {"foundation", "services", "project", "shared", "estate"}
    assert shell.run("schema", "nothing") == 2
    file = shell.folder / "stacks/_schema/project.json"
    file.write_text("{}\n")
    assert shell.run("schema", "--check") == 1
    assert str(file) in shell.err
    assert [row["file"] for row in shell.answer("schema", "--write") if row["changed"]] == [
        str(file)
    ]
    assert shell.run("schema", "--check") == 0


def test_the_estate_can_be_named_by_option_and_by_environment(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shell.run("list") == 2
    assert "no estate in this folder or above" in shell.err
    assert shell.run("list", "--estate", "estate") == 0
    monkeypatch.setenv("STACKYARD_ESTATE", str(shell.folder))
    assert shell.run("list") == 0
    assert shell.run("list", "--estate", "elsewhere") == 2
