"""Pipelines of estates with more stacks than a Git host takes jobs at once."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stackyard.estate.estate import Estate
from stackyard_cli.app import run
from stackyard_cli.ci import matrices, pipelines
from stackyard_cli.errors import StackyardError
from tests.support.ci_files import actionlint, github_jobs, gitlab_jobs
from tests.support.estates import SmallEstate

STACKS = 300
OUTPUT = re.compile(r"\$\{\{ fromJSON\(needs\.affected\.outputs\.([\w-]+)\) \}\}")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    estate = SmallEstate(tmp_path_factory.mktemp("large"))
    for number in range(STACKS - len(Estate(estate.root).stacks())):
        estate.write(f"many/project-{number}/dev.yaml", "{}\n")
    return Estate(estate.root)


@pytest.fixture(scope="module")
def github(large: Estate) -> dict[str, str]:
    texts = pipelines.rendered("github", large, below="", branch="main")
    return {Path(file).stem.removeprefix("stackyard-"): text for file, text in texts.items()}


def affected(estate: Estate, *, removed: int = 0) -> list[dict[str, Any]]:
    """Return every stack of an estate as `affected --json` does; the last ones are removed."""
    layers = [stack for layer in estate.layers(estate.stacks()) for stack in layer]
    where = {"account": "123456789012", "region": "cn-north-1"}
    rows: list[dict[str, Any]] = [
        {"stack": str(stack), "stage": stack.stage, "operation": "preview", "layer": 2, **where}
        for stack in layers
    ]
    for row in rows:
        row["layer"] = {"foundation": 0, "services": 1}.get(row["stack"].split("/")[1], 2)
    for row in rows[len(rows) - removed :]:
        row["operation"] = "destroy"
    return rows


def dealt(
    text: str, rows: list[dict[str, Any]], folder: Path, capsys: pytest.CaptureFixture[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return the entries of each job's matrix, with the command that the workflow itself calls."""
    jobs = github_jobs(text)
    file = folder / "affected.json"
    file.write_text(json.dumps({"base": "0" * 40, "stacks": rows}))
    scripts = "\n".join(step.get("run", "") for step in jobs["affected"]["steps"])
    (command,) = re.findall(r"stackyard (ci matrix .*?) >>", scripts)
    assert run(command.replace("affected.json", str(file)).split()) == 0
    printed = dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())
    handed = jobs["affected"]["outputs"]
    assert handed == {name: f"${{{{ steps.affected.outputs.{name} }}}}" for name in printed}
    found = {}
    for name, job in jobs.items():
        if "strategy" in job:
            output = OUTPUT.fullmatch(job["strategy"]["matrix"]["include"])
            assert output is not None
            assert f"needs.affected.outputs.{output[1]} != '[]'" in job["if"]
            found[name] = json.loads(printed[output[1]])
    return found


@pytest.mark.parametrize("workflow", ["preview", "apply"])
def test_every_stack_is_in_one_job_of_a_matrix_that_github_takes(
    large: Estate,
    github: dict[str, str],
    workflow: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = github[workflow]
    for removed in (0, 280):
        rows = affected(large, removed=removed)
        found = dealt(text, rows, tmp_path, capsys)
        stacks = [entry["stack"] for entries in found.values() for entry in entries]
        assert sorted(stacks) == sorted(row["stack"] for row in rows)
        assert max(map(len, found.values())) == 256
        roles = github_jobs(text)["preview" if workflow == "preview" else "apply-2"]["steps"]
        (role,) = [step["with"] for step in roles if "role-to-assume" in step.get("with", {})]
        assert role["role-to-assume"].startswith("arn:${{ matrix.partition }}:iam::")
        assert {entry["partition"] for each in found.values() for entry in each} == {"aws-cn"}


def test_layers_and_removals_keep_their_order_across_jobs(github: dict[str, str]) -> None:
    jobs = github_jobs(github["apply"])
    of_layers = [{f"apply-{layer}", f"apply-{layer}-part-2"} for layer in range(matrices.LAYERS)]
    for layer, names in enumerate(of_layers):
        for name in names:
            assert set(jobs[name]["needs"]) == {"affected"}.union(*of_layers[:layer])
    assert set(jobs["destroy"]["needs"]) == {"affected"}.union(*of_layers)
    assert set(jobs["destroy-part-2"]["needs"]) == {"affected", "destroy"}.union(*of_layers)


def test_the_comment_waits_for_every_job_and_artifacts_differ(
    github: dict[str, str],
) -> None:
    jobs = github_jobs(github["preview"])
    previews = [name for name, job in jobs.items() if "strategy" in job]
    assert set(jobs["comment"]["needs"]) == {"affected", *previews}
    kept = [
        step["with"]["name"]
        for name in previews
        for step in jobs[name]["steps"]
        if step.get("name") == "Keep the receipt"
    ]
    assert len(set(kept)) == len(previews) == 2
    assert all(name.startswith("receipt-") for name in kept)


@pytest.mark.toolchain
def test_actionlint_accepts_the_workflows_of_a_large_estate(
    github: dict[str, str], tmp_path: Path
) -> None:
    done = actionlint(tmp_path, github)
    assert done.returncode == 0, done.stdout


def test_a_workflow_for_fewer_stacks_says_to_render_it_again(large: Estate) -> None:
    rows = affected(large)
    with pytest.raises(
        StackyardError, match=r"300 stacks are affected; .* jobs for 256"
    ) as refused:
        matrices.outputs(rows, jobs=1, layers=False)
    assert "stackyard ci render --write" in (refused.value.hint or "")


def test_layers_and_removed_stacks_of_a_small_estate(large: Estate) -> None:
    rows = affected(large, removed=298)
    lines = dict(line.split("=", 1) for line in matrices.outputs(rows[:3], jobs=1, layers=True))
    stacks = {name: [row["stack"] for row in json.loads(line)] for name, line in lines.items()}
    assert stacks["layer-0"] == ["platform/foundation/dev"]
    assert stacks["layer-1"] == ["platform/services/dev"]
    assert stacks["removed"] == [rows[2]["stack"]]


@pytest.mark.parametrize("operation", ["preview", "apply"])
def test_a_pipeline_of_gitlab_has_a_job_for_every_stack(
    large: Estate, operation: pipelines.Operation
) -> None:
    """GitLab counts the memory of a file's objects: a file of 200 kB is close to its limit.

    https://docs.gitlab.com/administration/instance_limits/
    """
    rows = affected(large)
    text = pipelines.child({"base": "0" * 40, "stacks": rows}, operation, below="")
    jobs = {name: job for name, job in gitlab_jobs(text).items() if name != "comment"}
    assert sorted(jobs) == sorted(row["stack"] for row in rows)
    assert {job["variables"]["STACK"] for job in jobs.values()} == set(jobs)
    assert all(job["variables"]["AWS_ROLE_ARN"].startswith("arn:aws-cn:") for job in jobs.values())
    assert len(text) < 200_000


def test_more_jobs_than_gitlab_deploys_in_a_pipeline_are_refused(large: Estate) -> None:
    found = {"base": "0" * 40, "stacks": affected(large) * 2}
    with pytest.raises(StackyardError, match=r"600 stacks are affected; .* at most 500"):
        pipelines.child(found, "apply", below="")


def test_gitlabs_drift_is_complete_where_every_stage_left_its_file(
    large: Estate, tmp_path: Path
) -> None:
    """The rendered script is run, without the file of the stage and with it."""
    (text,) = pipelines.rendered("gitlab", large, below="", branch="main").values()
    script = "\n".join(yaml.safe_load(text)["issue"]["script"])
    tool = tmp_path / "bin" / "stackyard"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\necho "$@"\n')
    tool.chmod(0o755)
    for outcome in ("failure", "success"):
        environment = {"PATH": f"{tool.parent}:/usr/bin:/bin"}
        done = subprocess.run(
            ["sh", "-ec", script], cwd=tmp_path, env=environment, capture_output=True, check=True
        )
        assert f"--outcome {outcome}" in done.stdout.decode()
        (tmp_path / "drift" / "dev.json").write_text("[]")
