from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from stackyard.estate.estate import Estate
from stackyard_cli.app import run
from stackyard_cli.ci import matrices, pipelines
from stackyard_cli.ci.durations import JobKind, session_seconds
from stackyard_cli.errors import StackyardError
from stackyard_cli.estate_ops import affected
from tests.support.ci_files import actionlint, github_jobs, gitlab_jobs, gitlab_schema
from tests.support.git import Repo

RANKING = "stacks/ranking/recommender/dev.yaml"


@pytest.fixture
def github(repo: Repo) -> dict[str, str]:
    texts = pipelines.rendered("github", Estate(repo.root), below="", branch="main")
    return {Path(file).stem.removeprefix("stackyard-"): text for file, text in texts.items()}


@pytest.mark.toolchain
def test_actionlint_accepts_them_and_finds_a_planted_fault(
    github: dict[str, str], tmp_path: Path
) -> None:
    done = actionlint(tmp_path / "good", github)
    assert done.returncode == 0, done.stdout
    broken = {"apply": github["apply"].replace("needs.affected.outputs.removed", "needs.no.x")}
    assert actionlint(tmp_path / "bad", broken).returncode == 1


def test_every_action_is_pinned_by_commit(github: dict[str, str]) -> None:
    used = re.findall(r"uses: (\S+)", "\n".join(github.values()))
    assert len(used) > 20
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", one) for one in used)


def test_identity_only_where_a_role_is_taken(github: dict[str, str]) -> None:
    for text in github.values():
        assert yaml.safe_load(text)["permissions"] == {}
        for name, job in github_jobs(text).items():
            takes = any("role-to-assume" in step.get("with", {}) for step in job["steps"])
            assert ("id-token" in job["permissions"]) == takes, name
            assert not takes or set(job["permissions"]) == {"contents", "id-token"}


def test_credentials_outlast_their_job(github: dict[str, str]) -> None:
    """At GitHub a session is not renewed; the role of the bootstrap allows as long a session."""
    for text in github.values():
        for name, job in github_jobs(text).items():
            takes = [step for step in job["steps"] if "role-to-assume" in step.get("with", {})]
            for step in takes:
                asked = step["with"]["role-duration-seconds"]
                assert asked >= job["timeout-minutes"] * 60, name
                kind: JobKind = (
                    "preview" if "preview" in step["with"]["role-to-assume"] else "apply"
                )
                assert asked == session_seconds(kind)
                assert 3_600 <= asked <= 43_200


def test_no_keys_and_nothing_for_forks(github: dict[str, str]) -> None:
    whole = "\n".join(github.values())
    assert "pull_request_target" not in whole
    assert "secrets." not in whole
    assert "aws-access-key-id" not in whole
    for name in ("preview", "comment"):
        condition = github_jobs(github["preview"])[name]["if"]
        assert "github.event.pull_request.head.repo.full_name == github.repository" in condition
    assert github_jobs(github["preview"])["affected"]["permissions"] == {"contents": "read"}
    checkouts = re.findall(r"uses: actions/checkout@.*\n.*\n\s+persist-credentials: (\w+)", whole)
    assert len(checkouts) == whole.count("actions/checkout@")
    assert set(checkouts) == {"false"}


def test_the_tool_of_a_preview_is_not_of_the_pull_request(github: dict[str, str]) -> None:
    text = github["preview"]
    assert text.count('git show "$BASE:requirements.txt"') == 3
    assert "-r requirements.txt" not in text
    assert yaml.safe_load(text)["env"]["PYTHONSAFEPATH"] == "1"


def test_an_apply_takes_the_tool_that_the_change_was_judged_by(github: dict[str, str]) -> None:
    text = github["apply"]
    assert text.count('git show "$BEFORE:requirements.txt"') == len(github_jobs(text))
    assert yaml.safe_load(text)["env"]["BEFORE"] == "${{ github.event.before }}"


def called(scripts: list[str]) -> set[str]:
    """Return the calls of the tool, without what differs between services: names and places."""
    found = set()
    for line in re.findall(r"\bstackyard [a-z].*", "\n".join(scripts).replace("\\\n", " ")):
        verb = re.match(r"stackyard (?:ci )?[a-z]+", line)
        assert verb is not None
        options = set(re.findall(r" (--[a-z-]+)", line))
        found.add(" ".join([verb[0], *sorted(options)]))
    return found


def test_both_services_run_the_same_commands(repo: Repo, github: dict[str, str]) -> None:
    repo.append(RANKING, "\ntags: {a: b}\n")
    (repo.root / "stacks/vision/defects/prod.yaml").unlink()
    answer = affected.affected(repo.root, "main").to_dict()
    texts = list(pipelines.rendered("gitlab", Estate(repo.root), below="", branch="main").values())
    texts += [pipelines.child(answer, each, below="") for each in ("preview", "apply")]
    of_gitlab = [job for text in texts for job in gitlab_jobs(text).values()]
    of_github = [job for text in github.values() for job in github_jobs(text).values()]
    one = called([step.get("run", "") for job in of_github for step in job["steps"]])
    other = called([line for job in of_gitlab for line in job.get("script", [])])
    # GitHub's jobs know their stacks by a matrix, GitLab's by a rendered pipeline; and GitHub's
    # hand receipts on as artifacts, where GitLab's ask for their own.
    one = {each.replace(" --affected", "") for each in one if not each.startswith("stackyard ci m")}
    assert {
        "stackyard up --policies-of --receipt --yes",
        "stackyard ci receipts --git-host --to",
    } < one
    assert one == other - {"stackyard ci jobs --operation"}


def test_files_that_jobs_make_are_no_change(repo: Repo) -> None:
    """The answer's own file stands in the checkout before the command has begun."""
    texts: dict[str, str] = {}
    for service in ("github", "gitlab"):
        texts |= pipelines.rendered(service, Estate(repo.root), below="", branch="main")
    called = re.findall(r"stackyard affected .*", "\n".join(texts.values()))
    assert len(called) == 3
    assert all("--head HEAD" in line for line in called)
    repo.write("affected.json", "")
    assert affected.affected(repo.root, "main", "HEAD").stacks == ()
    assert affected.affected(repo.root, "main").stacks != ()


def test_no_expression_inside_a_script(github: dict[str, str]) -> None:
    """A name of a branch or stack reaches a shell by the environment only."""
    for text in github.values():
        for job in github_jobs(text).values():
            assert not any("${{" in step.get("run", "") for step in job["steps"])


def test_apply_goes_in_contract_order_behind_environments(github: dict[str, str]) -> None:
    found = github_jobs(github["apply"])
    assert found["apply-2"]["needs"] == ["affected", "apply-0", "apply-1"]
    for name in ("apply-0", "apply-1", "apply-2", "destroy"):
        job = found[name]
        assert job["environment"] == "${{ matrix.stage }}"
        group = {"group": "stackyard-${{ matrix.stack }}", "cancel-in-progress": False}
        assert job["concurrency"] == group
        assert "!failure()" in job["if"]
    last = found["apply-0"]["steps"][-1]["run"]
    assert last.endswith('--receipt "$RECEIPT" --yes --policies-of "$BEFORE"')
    assert found["destroy"]["strategy"]["max-parallel"] == 1


def test_drift_covers_every_stage_in_its_place(github: dict[str, str]) -> None:
    rows = github_jobs(github["drift"])["drift"]["strategy"]["matrix"]["include"]
    assert {row["stacks"] for row in rows} == {"*/*/dev", "*/*/staging", "*/*/prod"}


def test_a_stage_in_two_regions_is_looked_at_in_both(repo: Repo) -> None:
    repo.append("stacks/ranking/recommender/dev.yaml", "region: eu-west-1\n")
    text = pipelines.rendered("github", Estate(repo.root), below="", branch="main")
    drift = text[".github/workflows/stackyard-drift.yml"]
    rows = github_jobs(drift)["drift"]["strategy"]["matrix"]["include"]
    other = next(row for row in rows if row["region"] == "eu-west-1")
    assert other["stacks"] == "ranking/recommender/dev"
    assert other["name"] == "dev-123456789012-eu-west-1"


def test_jobs_that_need_a_cluster_run_where_it_is_reached(repo: Repo, tmp_path: Path) -> None:
    """The others, which hold no identity, stay with the host's own runners."""
    estate = Estate(repo.root)
    texts = pipelines.rendered("github", estate, below="", branch="main", runner="in-vpc")
    named = {Path(file).stem.removeprefix("stackyard-"): text for file, text in texts.items()}
    for text in named.values():
        for name, job in github_jobs(text).items():
            takes = any("role-to-assume" in step.get("with", {}) for step in job["steps"])
            assert job["runs-on"] == ("in-vpc" if takes else "ubuntu-latest"), name
    done = actionlint(tmp_path / "labelled", {"preview": named["preview"]})
    assert 'label "in-vpc" is unknown' in done.stdout  # its own list cannot know it, and no more
    assert done.stdout.count("error") <= done.stdout.count("in-vpc")


def test_gitlabs_jobs_are_tagged_for_a_runner(repo: Repo) -> None:
    repo.append("stacks/platform/foundation/dev.yaml", "\ntags: {x: y}\n")
    answer = affected.affected(repo.root, "main").to_dict()
    texts = pipelines.rendered(
        "gitlab", Estate(repo.root), below="", branch="main", runner="in-vpc"
    )
    (text,) = texts.values()
    assert '--operation "$OPERATION" --runner in-vpc' in text
    for found in (text, pipelines.child(answer, "preview", below="", runner="in-vpc")):
        for name, job in gitlab_jobs(found).items():
            takes = "AWS_ROLE_ARN" in job.get("variables", {})
            assert job.get("tags", []) == (["in-vpc"] if takes else []), name


@pytest.mark.parametrize("label", ["", "a b", "x; rm", "${{ x }}", "a]"])
def test_what_is_no_label_is_refused(repo: Repo, label: str) -> None:
    with pytest.raises(StackyardError, match="a runner's label"):
        pipelines.rendered("github", Estate(repo.root), below="", branch="main", runner=label)


def test_gitlab_takes_them_and_not_a_planted_fault(repo: Repo) -> None:
    texts = pipelines.rendered("gitlab", Estate(repo.root), below="", branch="main")
    text = texts[".gitlab/stackyard.yml"]
    found = gitlab_jobs(text)
    assert gitlab_schema(text.replace("  script:", "  scripts:")).returncode == 1
    assert {"affected", "stacks", "issue", "drift-prod"} <= set(found)
    forks = found["stacks"]["rules"][0]["if"]
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID" in forks


@pytest.mark.parametrize("operation", ["preview", "apply"])
def test_gitlab_child_pipeline(repo: Repo, operation: pipelines.Operation) -> None:
    repo.append("stacks/platform/foundation/dev.yaml", "\ntags: {x: y}\n")
    (repo.root / "stacks/vision/defects/prod.yaml").unlink()
    answer = affected.affected(repo.root, "main").to_dict()
    text = pipelines.child(answer, operation, below="infra")
    found = gitlab_jobs(text)
    stages = yaml.safe_load(text)["stages"]
    assert stages[:4] == ["layer-0", "layer-1", "layer-2", "destroy"]
    one = found["ranking/recommender/dev"]
    role = "stackyard-preview" if operation == "preview" else "stackyard-apply-dev"
    assert one["variables"]["AWS_ROLE_ARN"].endswith(f":role/{role}")
    assert ("environment" in one) == (operation == "apply")
    assert ("comment" in found) == (operation == "preview")
    if operation == "apply":
        assert one["resource_group"] == "stackyard-ranking/recommender/dev"
    else:
        assert json.loads(found["comment"]["variables"]["EXPECTED"])[0]["operation"] == "preview"


@pytest.mark.parametrize("operation", ["preview", "apply"])
def test_gitlab_child_pipeline_of_nothing_has_a_job(operation: pipelines.Operation) -> None:
    found = gitlab_jobs(pipelines.child({"base": "0" * 40, "stacks": []}, operation, below=""))
    assert [name for name in found if not name.startswith(".")]


def test_the_verb_writes_files(
    repo: Repo, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["ci", "render", "--write", "--estate", str(repo.root), "--json"]) == 0
    files = [row["file"] for row in json.loads(capsys.readouterr().out)]
    assert len(files) == 3
    assert all(Path(file).is_file() for file in files)
    answer = tmp_path / "answer.json"
    answer.write_text('{"base": "x", "stacks": [{"stack": "a b\\nc"}]}')
    assert run(["ci", "matrix", str(answer)]) == 2


CLUSTER = (
    "onprem: {clusters: {cellar: {registered_by: dev, kubeconfig: ~/.kube/cellar,"
    " issuer: 'https://oidc.example'}}}\n"
)


def test_stages_that_share_a_cluster_are_applied_one_after_the_other(repo: Repo) -> None:
    for stage in ("dev", "staging"):
        repo.write(f"stacks/platform/services/{stage}.yaml", CLUSTER)
    estate = Estate(repo.root)
    apply = pipelines.rendered("github", estate, below="", branch="main")
    text = apply[".github/workflows/stackyard-apply.yml"]
    jobs = github_jobs(text)
    assert set(jobs["apply-3"]["needs"]) == {"affected", "apply-0", "apply-1", "apply-2"}
    assert "apply-3" in jobs["destroy"]["needs"]
    assert "--layers --depth 4 >>" in text
    rows = affected.affected(repo.root, "main").to_dict()["stacks"]
    layers = {row["stack"]: row["layer"] for row in rows}
    assert layers["platform/services/dev"] < layers["platform/services/staging"]
    assert layers["platform/services/staging"] < layers["vision/defects/staging"]
    given = matrices.outputs(rows, layers=True, depth=4)
    (last,) = [line for line in given if line.startswith("layer-3=")]
    assert {row["stage"] for row in json.loads(last.partition("=")[2])} == {"staging"}
    with pytest.raises(StackyardError, match="the workflow has no more") as caught:
        matrices.outputs(rows, layers=True)
    assert "ci render --write" in (caught.value.hint or "")


def test_other_estates_keep_their_three_layers(github: dict[str, str]) -> None:
    assert "--depth" not in github["apply"]
    assert "apply-3" not in github_jobs(github["apply"])
