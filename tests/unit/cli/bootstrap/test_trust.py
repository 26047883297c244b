"""Whom the pipelines' roles trust, decided by the sandbox's reading of web identities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stackyard.estate.estate import Estate
from stackyard_cli.bootstrap import repository, trust
from stackyard_cli.bootstrap.context import AccountContext
from stackyard_cli.bootstrap.repository import Repository
from stackyard_cli.ci import pipelines
from stackyard_cli.ci.hosts import GitHostName
from stackyard_cli.errors import StackyardError
from stackyard_sandbox.cloud.iam.policy_evaluation import Asked, granted
from tests.support.git import Repo

CONTEXT = AccountContext("aws", "123456789012", "eu-central-1", "acme-state", "key")
NAMES, IDS = "acme/estate", "acme@123456/estate@456789"


def takes(trusted: Repository, stage: str | None, subject: str) -> bool:
    """Whether a token with this subject takes the role, by the sandbox's evaluator."""
    issuer = trust.ISSUERS[trusted.host]
    provider = f"arn:aws:iam::123456789012:oidc-provider/{issuer}"
    facts = {f"{issuer}:aud": trust.AUDIENCE, f"{issuer}:sub": subject}
    action = "sts:AssumeRoleWithWebIdentity"
    asked = Asked(action, "*", frozenset({provider}), "123456789012", facts)
    return bool(granted(asked, trust.policy(CONTEXT, trusted, stage)))


@pytest.mark.parametrize("name", [NAMES, IDS])
def test_github_names_a_repository_with_or_without_ids(name: str) -> None:
    trusted = Repository("github", name, "main")
    assert takes(trusted, "dev", f"repo:{name}:environment:dev")
    assert not takes(trusted, "dev", f"repo:{name}:environment:prod")
    assert takes(trusted, None, f"repo:{name}:pull_request")
    assert not takes(trusted, None, f"repo:{name}:ref:refs/heads/feature")


def test_where_ids_are_known_a_name_that_somebody_else_got_is_not_trusted() -> None:
    trusted = Repository("github", IDS, "main")
    for former in (NAMES, "acme@999/estate@456789", "acme@123456/estate@999"):
        assert not takes(trusted, "dev", f"repo:{former}:environment:dev")
    assert not takes(Repository("github", NAMES, "main"), "dev", f"repo:{IDS}:environment:dev")


def test_the_plan_says_which_form_is_trusted_and_how_to_find_the_ids() -> None:
    by_name = " ".join(Repository("github", NAMES, "main").notes())
    assert "`repo:acme/estate:`" in by_name
    assert "--repo acme@ID/estate@ID" in by_name
    assert "OWNER@ID" not in " ".join(Repository("github", IDS, "main").notes())


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_the_branch_is_that_of_the_pipelines(host: GitHostName) -> None:
    trusted = Repository(host, NAMES, "master")
    subject = {
        "github": "repo:acme/estate:ref:refs/heads/{}",
        "gitlab": "project_path:acme/estate:ref_type:branch:ref:{}",
    }[host]
    stage = None if host == "github" else "dev"
    assert takes(trusted, stage, subject.format("master"))
    assert not takes(trusted, stage, subject.format("main"))


@pytest.fixture
def rendered_for_master(tmp_path: Path) -> Path:
    top = Repo(tmp_path).top
    texts = pipelines.rendered("github", Estate(top), below="", branch="master")
    for file, text in texts.items():
        (top / file).parent.mkdir(parents=True, exist_ok=True)
        (top / file).write_text(text)
    return top


def test_the_branch_is_read_from_the_rendered_pipelines(rendered_for_master: Path) -> None:
    assert repository.chosen(rendered_for_master, "github", NAMES, None).branch == "master"
    with pytest.raises(StackyardError, match=r"apply the branch 'master' \(got --branch 'main'"):
        repository.chosen(rendered_for_master, "github", NAMES, "main")


@pytest.mark.parametrize(
    "name",
    ["acme", "acme/*", "acme/", "acme@1/estate", "acme/estate@2", "acme@x/estate@2", "a b/c"],
)
def test_what_is_not_one_repository_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(StackyardError):
        repository.chosen(tmp_path, "github", name, None)


def test_gitlab_has_nested_groups_and_no_ids(tmp_path: Path) -> None:
    assert repository.chosen(tmp_path, "gitlab", "acme/ml/estate", None).branch == "main"
    with pytest.raises(StackyardError):
        repository.chosen(tmp_path, "gitlab", IDS, None)


def test_conditions_compare_no_pattern_at_github() -> None:
    said: dict[str, Any] = trust.policy(CONTEXT, Repository("github", NAMES, "main"), "prod")
    assert set(said["Statement"][0]["Condition"]) == {"StringEquals"}
