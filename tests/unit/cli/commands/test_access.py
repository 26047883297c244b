from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from stackyard.blueprints.project.config import ProjectConfig
from stackyard.blueprints.project.parts.permissions import grant_context
from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard_cli.estate_ops.access import BUCKET, POINT, answered, grant_context_of
from stackyard_cli.reports.access_page import page
from tests.support.shell import Shell

STACK = StackId("vision", "defects", "dev")
CLUSTER = "platform-foundation-dev"
OPEN = {"list", "read", "write", "delete"}


def asked(shell: Shell, root: Path, *words: str) -> list[dict[str, Any]]:
    told = shell.answer("access", str(STACK), *words, "--estate", str(root))
    answers: list[dict[str, Any]] = told["data"]
    return answers


def allowed(answers: list[dict[str, Any]]) -> dict[tuple[str, str], set[str]]:
    """Return the allowed verbs by dataset and directory."""
    found: dict[tuple[str, str], set[str]] = {}
    for one in answers:
        verbs = found.setdefault((one["dataset"], one["directory"]), set())
        verbs |= {one["verb"]} if one["allowed"] else set()
    return {where: verbs for where, verbs in found.items() if verbs}


def config_of(root: Path) -> ProjectConfig:
    config = Estate(root).load(STACK).config
    assert isinstance(config, ProjectConfig)
    return config


def test_the_vendor_gets_its_directory_by_either_door_and_nothing_else(
    shell: Shell, root: Path
) -> None:
    answers = asked(shell, root, "--who", "labelling-vendor")
    assert {one["who"] for one in answers} == {"labelling-vendor"}
    for door in (BUCKET, POINT):
        through = [one for one in answers if one["via"] == door]
        assert allowed(through) == {("labelled", "to-label"): OPEN}
    elsewhere = [one for one in answers if one["dataset"] == "photos"]
    assert {one["sid"] for one in elsewhere} == {
        "FenceLabellingVendor",
        "FenceLabellingVendorList",
    }


def test_a_dataset_alone_shows_all_of_its_users(shell: Shell, root: Path) -> None:
    answers = asked(shell, root, "--dataset", "photos")
    assert {one["dataset"] for one in answers} == {"photos"}
    users = {"scientist", "pipeline", "trainer", "sagemaker"}
    assert {one["who"] for one in answers if one["allowed"]} == users
    assert {one["who"] for one in answers} >= {"developer", "delivery", "auditor", "server"}
    assert not [one for one in answers if one["verb"] == "erase" and one["allowed"]]


def test_an_edited_grant_is_an_other_answer(shell: Shell, root: Path) -> None:
    file = root / "stacks/vision/defects/_defaults.yaml"
    before = allowed(asked(shell, root, "--who", "pipeline"))
    text = file.read_text()
    changed = text.replace("{photos: read, labelled: write}", "{labelled: read}")
    assert changed != text
    file.write_text(changed)
    after = allowed(asked(shell, root, "--who", "pipeline"))
    assert before[("photos", "incoming")] == {"list", "read"}
    assert before[("labelled", "work")] == OPEN
    assert {dataset for dataset, _ in after} == {"labelled"}
    assert after[("labelled", "work")] == {"list", "read"}


def test_each_answer_has_the_statement_that_decides_it(root: Path) -> None:
    config = config_of(root)
    answers = list(
        answered(config, grant_context_of(STACK, config, CLUSTER), dataset=None, who=None)
    )
    decided = [one for one in answers if one.statement]
    assert decided
    for one in answers:
        assert (one.statement is None) == (one.to_dict()["why"] == "nothing allows it")
    for one in decided:
        assert one.statement is not None
        assert one.statement["Effect"] == ("Allow" if one.to_dict()["allowed"] else "Deny")
        assert one.statement["Sid"] in one.to_dict()["why"]


def test_the_ids_of_keys_change_no_answer(root: Path) -> None:
    config = config_of(root)
    keys = {
        purpose: f"arn:aws:kms:eu-central-1:1:key/{purpose}" for purpose in ("data", "personal")
    }
    offline = grant_context_of(STACK, config, CLUSTER)
    real = grant_context(STACK, config, cluster=CLUSTER, key_arns=keys)
    assert real != offline
    one, other = (
        [answer.to_dict() for answer in answered(config, where, dataset=None, who=None)]
        for where in (real, offline)
    )
    assert one == other


class Page(HTMLParser):
    """What a browser would follow, load or jump to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.ids: set[str] = set()
        self.loaded: list[str] = []
        self.rows = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found: Mapping[str, str | None] = dict(attrs)
        self.rows += tag == "tr"
        self.links |= {str(found["href"])} if "href" in found else set()
        self.ids |= {str(found["id"])} if "id" in found else set()
        if tag in ("script", "link", "img", "iframe") or "src" in found:
            self.loaded.append(tag)


def test_the_page_is_whole_in_one_file(shell: Shell, root: Path, tmp_path: Path) -> None:
    file = tmp_path / "report" / "access.html"
    file.parent.mkdir()
    file.write_text("old")
    words = ("access", str(STACK), "--estate", str(root), "--html", str(file))
    assert shell.answer(*words) == {"written": str(file)}
    assert [path.name for path in file.parent.iterdir()] == ["access.html"]
    found = Page(file.read_text())
    told = shell.answer("access", str(STACK), "--estate", str(root))
    answers, abilities = told["data"], {one["ability"] for one in told["namespace"]}
    places = {(one["who"], one["dataset"], one["directory"], one["via"]) for one in answers}
    assert found.rows == len(places) + len(abilities) + 2
    assert found.loaded == []
    assert found.links == {f"#{name}" for name in found.ids}
    assert "FenceLabellingVendorList" in file.read_text()
    assert "patch deployments.apps: allowed by rule 5 of role delivery" in file.read_text()


def test_the_page_escapes_what_it_shows() -> None:
    text = page(StackId("<b>", "x", "y"), [])
    assert "<b>" not in text
    assert "&lt;b&gt;/x/y" in text


def test_the_table_puts_equal_directories_together(shell: Shell, root: Path) -> None:
    assert shell.run("access", str(STACK), "--who", "developer", "--estate", str(root)) == 0
    rows = shell.out.splitlines()
    assert rows[0].split() == [
        *("DATASET", "DIRECTORIES", "WHO", "VIA"),
        *("LIST", "READ", "WRITE", "DELETE", "ERASE", "WHY"),
    ]
    assert rows[1].startswith("photos    incoming, archive, dvc, *")
    assert rows[1].endswith("list, read, write, delete, erase: nothing allows it")
    assert rows[3] == ""
    assert rows[4].split() == ["IN", "THE", "NAMESPACE", "ALLOWED", "WHY"]
    assert "read logs                    yes      get pods/log: allowed by rule 1" in rows[6]


def test_everybodys_rights_in_the_namespace_stand_beside_each_other(
    shell: Shell, root: Path
) -> None:
    assert shell.run("access", str(STACK), "--estate", str(root)) == 0
    _, table = shell.out.split("\n\n")
    heads, *rows = [line.split("  ") for line in table.splitlines()]
    columns = [head.strip() for head in heads if head]
    by_name = {row[0]: [cell.strip() for cell in row[1:] if cell] for row in rows}
    found = dict(zip(columns[1:], by_name["run pods as server"], strict=True))
    assert {who for who, cell in found.items() if cell == "yes"} == {"DELIVERY"}


@pytest.mark.parametrize("queueing", ["", "queueing: kueue"])
def test_the_namespaces_rules_are_those_of_its_stage(
    shell: Shell, root: Path, queueing: str
) -> None:
    with (root / "stacks/platform/services/_defaults.yaml").open("a") as services:
        services.write(f"\n{queueing}\n")
    told = shell.answer("access", str(STACK), "--who", "developer", "--estate", str(root))
    (sees,) = (one for one in told["namespace"] if one["ability"].endswith("in the queue"))
    assert sees["allowed"] is bool(queueing)


def test_roles_that_services_take_are_in_it(shell: Shell, root: Path) -> None:
    kept = allowed(asked(shell, root, "--who", "lakefs"))
    assert kept == {("labelled", "lakefs"): OPEN}
    read = allowed(asked(shell, root, "--who", "sagemaker"))
    assert set(map(frozenset, read.values())) == {frozenset({"list", "read"})}


def test_training_on_premises_has_the_trainers_rights(root: Path) -> None:
    config = config_of(root)
    location = grant_context_of(STACK, config, CLUSTER)
    there, here = (
        [
            (one.cell.dataset, one.cell.directory, one.cell.verb, one.cell.decision)
            for one in answered(config, location, dataset=None, who=who, clusters=["berlin"])
        ]
        for who in ("trainer-berlin", "trainer")
    )
    assert there == here


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (("--dataset", "photo"), "no dataset 'photo'", "did you mean `photos`?"),
        (
            ("--who", "scientst"),
            "no audience, workload or service 'scientst'",
            "did you mean `scientist`?",
        ),
        (("--who", "x"), "no audience, workload or service 'x'", "it has: scientist"),
    ],
)
def test_unknown_names(
    shell: Shell, root: Path, words: tuple[str, str], error: str, hint: str
) -> None:
    told = shell.answer("access", str(STACK), *words, "--estate", str(root), code=2)
    assert error in told["error"]
    assert told["hint"].startswith(hint)


@pytest.mark.parametrize("verb", ["access", "retention"])
def test_what_is_no_project_is_refused(shell: Shell, root: Path, verb: str) -> None:
    told = shell.answer(verb, "platform/foundation/dev", "--estate", str(root), code=2)
    assert "`foundation`, not a project" in told["error"]
    assert shell.answer(verb, "vision/defect/dev", "--estate", str(root), code=2)["hint"]
