from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard_cli.app import run
from stackyard_cli.errors import StackyardError
from stackyard_cli.estate_ops.comparison import STAGED, differences
from stackyard_cli.estate_ops.promotion import PROMOTED, promotion

DEFECTS = "stacks/vision/defects/"
DEV, STAGING, PROD = (StackId("vision", "defects", stage) for stage in ("dev", "staging", "prod"))
RELEASE = """serving:
  models:
    classifier:
      release:
        version: defects/9
        image: classifier:9@sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865
"""


def add(root: Path, stage: str, text: str) -> Path:
    path = root / f"{DEFECTS}{stage}.yaml"
    path.write_text(path.read_text().replace("\n{}", "") + "\n" + text)
    return path


def test_versions_are_written_and_nothing_else(root: Path) -> None:
    add(root, "dev", RELEASE + "namespace: {quota: {cpu: 17}}\n")
    found = promotion(Estate(root), DEV, STAGING)
    assert [path for path, _ in found.values] == ["serving.models.classifier.release"]
    assert "namespace.quota.cpu" in found.left
    assert "+        version: defects/9" in found.diff
    assert found.before == (root / found.file).read_text()
    assert "# Everything comes from" in found.after


def test_promoted_twice_changes_nothing_more(root: Path) -> None:
    add(root, "dev", RELEASE)
    words = ["promote", "vision/defects", "dev", "prod", "--estate", str(root)]
    file = root / f"{DEFECTS}prod.yaml"
    before = file.read_text()
    assert run([*words, "--dry-run"]) == 0
    assert file.read_text() == before
    assert run(words) == 0
    after = file.read_text()
    assert Estate(root).load(PROD).effective["serving"]["models"]["classifier"]["release"] == {
        "version": "defects/9",
        "image": RELEASE.split("image: ")[1].strip(),
    }
    assert run(words) == 0
    assert file.read_text() == after
    assert [path.name for path in file.parent.iterdir() if path.name.startswith(".")] == []


def test_an_older_value_is_replaced_and_comments_stay(root: Path) -> None:
    add(root, "dev", RELEASE)
    old = RELEASE.replace("defects/9", "defects/1").replace("classifier:9", "classifier:1")
    old = old.replace("      release:", "      # why this one\n      memory: 2Gi\n      release:")
    path = add(root, "staging", f"# before\n{old}# after\ntags: {{a: b}}\n")
    assert run(["promote", "vision/defects", "dev", "staging", "--estate", str(root)]) == 0
    text = path.read_text()
    assert all(word in text for word in ("# before", "# why this one", "memory: 2Gi", "# after"))
    assert "defects/1" not in text
    assert text.count("release:") == 1
    config = Estate(root).load(STAGING).effective
    assert config["tags"]["a"] == "b"
    assert config["serving"]["models"]["classifier"]["memory"] == "2Gi"


def test_a_flow_map_is_left_to_people(root: Path) -> None:
    add(root, "dev", RELEASE)
    path = add(root, "staging", "serving: {models: {classifier: {memory: 2Gi}}}\n")
    before = path.read_text()
    with pytest.raises(StackyardError, match="cannot be written without") as caught:
        promotion(Estate(root), DEV, STAGING)
    assert "defects/9" in str(caught.value.hint)
    assert path.read_text() == before


@pytest.mark.parametrize(
    ("written", "promoted"),
    [
        (
            "fit: {image: t:1, command: [run], hours: 2}  # short",
            "fit: {image: 't:2', command: [run], hours: 2}  # short",
        ),
        ("fit: {command: [run], 'image': 't:1'}", "fit: {command: [run], 'image': 't:2'}"),
        ('fit: {image: "t:1", command: [run]}', 'fit: {image: "t:2", command: [run]}'),
        (
            'fit:\n    image: "t:1"  # why\n    command: [run]',
            'fit:\n    image: "t:2"  # why\n    command: [run]',
        ),
    ],
)
def test_a_value_on_a_line_with_others_is_replaced_alone(
    root: Path, written: str, promoted: str
) -> None:
    add(root, "dev", "training:\n  fit: {image: t:2, command: [run]}\n")
    path = add(root, "staging", f"training:\n  {written}\n")
    before = path.read_text()
    found = promotion(Estate(root), DEV, STAGING)
    assert dict(found.values)["training.fit.image"] == "t:2"
    assert found.after == before.replace(written, promoted)


def test_a_release_in_one_line_is_replaced_as_a_whole(root: Path) -> None:
    add(root, "dev", RELEASE)
    old = "{version: defects/1, image: 'vision/defects/classifier:1@sha256:" + "0" * 64 + "'}"
    line = "serving: {models: {classifier: {memory: 2Gi, release: " + old + "}}}\n"
    add(root, "staging", line)
    after = promotion(Estate(root), DEV, STAGING).after
    assert "memory: 2Gi, release: {version: defects/9, image: " in after
    assert after.endswith("}}}\n")


def test_what_would_not_be_valid_is_not_written(root: Path) -> None:
    add(root, "dev", RELEASE)
    path = add(root, "staging", "owner: nobody\n")
    before = path.read_text()
    assert run(["promote", "vision/defects", "dev", "staging", "--estate", str(root)]) == 2
    assert path.read_text() == before


def test_a_section_the_stage_does_not_have_is_not_made(root: Path) -> None:
    release = RELEASE.replace("classifier:\n", "other:\n")
    add(root, "dev", release)
    found = promotion(Estate(root), DEV, STAGING)
    assert found.values == []
    assert "serving.models.other.release.version" in found.left


@pytest.mark.parametrize("words", [("dev", "dev"), ("dev", "nowhere"), ("nowhere", "dev")])
def test_stages_that_are_wrong(root: Path, words: tuple[str, str]) -> None:
    assert run(["promote", "vision/defects", *words, "--estate", str(root)]) == 2


def test_stage_files_explain_and_a_lone_value_is_flagged(root: Path) -> None:
    add(root, "prod", "tags: {mine: x}\nnamespace: {quota: {cpu: 17}}\n")
    estate = Estate(root)
    found = {each.path: each for each in differences(estate.load(DEV), estate.load(PROD))}
    assert found["protection.protect"].reason == "stage dev; stage prod"
    assert found["namespace.quota.cpu"].verdict == "explained"
    lone = found["tags.mine"]
    assert (lone.verdict, lone.one, lone.one_origin) == ("flagged", None, None)
    assert str(lone.other_origin).startswith(f"{DEFECTS}prod.yaml:")


def test_other_projects_differ_by_their_own_files(root: Path) -> None:
    estate = Estate(root)
    other = StackId("ranking", "recommender", "dev")
    found = differences(estate.load(DEV), estate.load(other))
    assert found
    owner = next(each for each in found if each.path == "owner")
    assert owner.verdict == "explained"


def test_a_stack_does_not_differ_from_itself(root: Path) -> None:
    loaded = Estate(root).load(DEV)
    assert differences(loaded, loaded) == []


def test_a_key_is_either_of_a_stage_or_promoted() -> None:
    assert not set(STAGED) & set(PROMOTED)
    assert all(STAGED.values())
    assert all(PROMOTED.values())


def test_the_verb(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["diff", "vision/defects/dev", "vision/defects/prod", "--estate", str(root)]
    assert run(words) == 0
    assert "protection.protect" in capsys.readouterr().out
