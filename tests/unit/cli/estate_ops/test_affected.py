from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.estate.errors import StackFileErrors
from stackyard.estate.estate import Estate
from stackyard_cli.app import run
from stackyard_cli.errors import StackyardError
from stackyard_cli.estate_ops import affected as subject
from stackyard_cli.estate_ops.affected import Touched
from tests.support.git import Repo

RANKING = "stacks/ranking/recommender/dev.yaml"


def touched(repo: Repo, **options: str) -> dict[str, Touched]:
    found = subject.affected(repo.root, "main", **options)
    return {each.stack: each for each in found.stacks}


def test_nothing_changed(repo: Repo) -> None:
    assert touched(repo) == {}


def test_a_value_touches_its_stack_and_names_itself(repo: Repo) -> None:
    repo.append(RANKING, "\ntags: {cost-center: r-1}\n")
    found = touched(repo)
    assert list(found) == ["ranking/recommender/dev"]
    one = found["ranking/recommender/dev"]
    assert (one.change, one.operation, one.because) == ("changed", "preview", RANKING)
    assert one.values == ("tags.cost-center",)


def test_a_comment_or_the_same_value_elsewhere_touches_nobody(repo: Repo) -> None:
    repo.replace(RANKING, "{}", "# a comment\n{}")
    repo.write("stacks/_defaults.yaml", "# moved\n" + read(repo, "stacks/_defaults.yaml"))
    assert touched(repo) == {}


def test_a_shared_file_touches_those_who_inherit_it(repo: Repo) -> None:
    repo.replace("stacks/ranking/_defaults.yaml", "cost-center: ranking", "cost-center: other")
    assert set(touched(repo)) == {
        f"ranking/recommender/{stage}" for stage in ("dev", "staging", "prod")
    }


def test_readers_of_a_contract_follow_in_order(repo: Repo) -> None:
    repo.append("stacks/platform/foundation/dev.yaml", "\ntags: {x: y}\n")
    found = touched(repo)
    assert list(found)[:2] == ["platform/foundation/dev", "platform/services/dev"]
    assert {each.change for each in list(found.values())[1:]} == {"follows"}
    assert "vision/defects/dev" in found
    assert not any(name.endswith(("/prod", "/staging")) for name in found)
    assert [each.layer for each in found.values()] == sorted(each.layer for each in found.values())
    why = "reads the contract of platform/foundation/dev"
    assert found["ranking/recommender/dev"].because == why


def test_added_and_removed(repo: Repo) -> None:
    text = read(repo, RANKING)
    repo.write("stacks/ranking/other/dev.yaml", text)
    (repo.root / "stacks/vision/defects/prod.yaml").unlink()
    found = touched(repo)
    assert found["ranking/other/dev"].change == "added"
    gone = found["vision/defects/prod"]
    assert (gone.change, gone.operation, gone.protected) == ("removed", "destroy", True)
    assert list(found)[-1] == "vision/defects/prod"


@pytest.mark.parametrize(
    "name", ["requirements.txt", "components/mine/part.py", "policies/own.py", "odd\nname.cfg"]
)
def test_code_and_versions_touch_everything(repo: Repo, name: str) -> None:
    repo.write(name, "x")
    found = touched(repo)
    assert set(found) == {str(stack) for stack in Estate(repo.root).stacks()}
    assert {each.because for each in found.values()} == {name}


@pytest.mark.parametrize(
    "name", ["README.md", "docs/a.txt", ".github/workflows/x.yml", "tests/t.py"]
)
def test_what_no_program_loads_touches_nobody(repo: Repo, name: str) -> None:
    repo.write(name, "x")
    assert touched(repo) == {}


def test_settings_of_the_estate_touch_everything(repo: Repo) -> None:
    text = read(repo, "stacks/_estate.yaml")
    repo.write("stacks/_estate.yaml", f"# said\n{text}")
    assert touched(repo) == {}
    repo.replace("stacks/_estate.yaml", "name: ", "name: other-")
    assert len(touched(repo)) == len(Estate(repo.root).stacks())


def test_what_came_later_to_the_base_is_not_the_change(repo: Repo) -> None:
    repo.append(RANKING, "\ntags: {a: b}\n")
    repo.commit()
    repo.git("switch", "-q", "main")
    repo.append("stacks/vision/defects/dev.yaml", "\ntags: {c: d}\n")
    repo.commit()
    repo.git("switch", "-q", "change")
    assert list(touched(repo)) == ["ranking/recommender/dev"]
    repo.git("switch", "-q", "main")
    assert list(touched(repo, head="change")) == ["ranking/recommender/dev"]


def test_an_estate_that_is_not_at_the_top(tmp_path: Path) -> None:
    repo = Repo(tmp_path, below="infra/ml")
    repo.append(RANKING, "\ntags: {a: b}\n")
    assert list(touched(repo)) == ["ranking/recommender/dev"]
    (repo.top / "app.py").write_text("x")
    assert len(touched(repo)) == len(Estate(repo.root).stacks())


def test_a_new_estate_is_all_added(repo: Repo) -> None:
    repo.git("switch", "-q", "--orphan", "empty")
    (repo.root / "README.md").write_text("x")
    repo.git("add", "README.md")
    repo.git("commit", "-q", "-m", "start")
    repo.git("switch", "-q", "-c", "grown")
    repo.git("checkout", "-q", "main", "--", "stacks")
    found = subject.affected(repo.root, "empty")
    assert {each.change for each in found.stacks} == {"added"}


def test_broken_files(repo: Repo) -> None:
    good = read(repo, RANKING)
    repo.write(RANKING, "a: [\n")
    with pytest.raises(StackFileErrors):
        touched(repo)
    repo.commit()
    repo.git("branch", "-f", "main", "change")
    repo.write(RANKING, good)
    assert touched(repo)["ranking/recommender/dev"].because == "it could not be read before"


@pytest.mark.parametrize("base", ["no-such-branch", "--output=/x"])
def test_no_such_revision(repo: Repo, base: str) -> None:
    with pytest.raises(StackyardError) as caught:
        subject.affected(repo.root, base)
    assert caught.value.code == 2


def test_the_verb(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.append(RANKING, "\ntags: {a: b}\n")
    assert run(["affected", "--base", "main", "--estate", str(repo.root)]) == 0
    assert "ranking/recommender/dev" in capsys.readouterr().out


def read(repo: Repo, name: str) -> str:
    return (repo.root / name).read_text()
