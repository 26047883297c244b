"""Renders pipelines for GitHub and GitLab from the estate: accounts, regions, protected stages.

Actions are pinned by the commit of a release. GitHub: https://docs.github.com/actions/reference/
workflow-syntax; GitLab: https://docs.gitlab.com/ci/yaml/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from stackyard.aws_location import partition_of
from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard.templates import template
from stackyard_cli.ci.durations import DRIFT_MINUTES, MINUTES, session_seconds
from stackyard_cli.ci.hosts import GitHostName
from stackyard_cli.ci.matrices import LARGEST, LAYERS, Row, entries, parts
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.estate_ops.git import below_top
from stackyard_cli.estate_ops.scaffold import TEMPLATES

Operation = Literal["preview", "apply"]

PINS = {
    "checkout": "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2",
    "python": "actions/setup-python@a26af69be951a213d495a4c3e4e4022e16d87065 # v5.6.0",
    "upload": "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2",
    "download": "actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093 # v4.3.0",
    "identity": (
        "aws-actions/configure-aws-credentials@e3dd6a429d7300a6a4c196c26e071d42e0343502 # v4.0.2"
    ),
}
"""Each action by the commit of its release; a tag can be changed, a commit cannot."""

FILES: Mapping[GitHostName, Mapping[str, str]] = {
    "github": {
        f".github/workflows/stackyard-{name}.yml": f"github/stackyard-{name}.yml.j2"
        for name in ("preview", "apply", "drift")
    },
    "gitlab": {".gitlab/stackyard.yml": "gitlab/stackyard.yml.j2"},
}
"""The files of each Git host, relative to the top of the repository, and their templates."""

PYTHON = "3.11"
RUNNER = re.compile(r"[\w.-]{1,100}")

GITLAB_DEPLOYMENTS = 500
"""Maximum number of jobs with an environment in a pipeline of GitLab, by default.

https://docs.gitlab.com/administration/instance_limits/#maximum-number-of-deployment-jobs-in-a-pipeline
"""


def in_repository(
    host: GitHostName, estate: Estate, *, branch: str, runner: str | None = None
) -> tuple[Path, dict[str, str]]:
    """Return the top folder of the repository, and the text of each file below it."""
    top, below = below_top(estate.root)
    return top, rendered(host, estate, below=below, branch=branch, runner=runner)


def rendered(
    host: GitHostName, estate: Estate, *, below: str, branch: str, runner: str | None = None
) -> dict[str, str]:
    """Return the text of each file; `below` is the estate's folder in the repository, or empty.

    `runner` is the label of runners that reach the clusters' APIs, for the jobs that need them.
    Raises StackFileErrors for an invalid estate: its pipeline would be wrong as well.
    """
    loaded = [estate.load(stack) for stack in estate.stacks()]
    protected = sorted({one.id.stage for one in loaded if one.config.protection.protect})
    targets: dict[tuple[str, str, str], list[StackId]] = {}
    for one in loaded:
        target = (one.id.stage, one.config.account, one.config.region)
        targets.setdefault(target, []).append(one.id)
    values = {
        "below": f"/{below}" if below else "",
        "branch": branch,
        "drift_minutes": DRIFT_MINUTES,
        "minutes": MINUTES,
        "session_seconds": {kind: session_seconds(kind) for kind in MINUTES},
        "estate": below or ".",
        "default_depth": LAYERS,
        "layers": _layers(estate),
        "parts": parts(max(1, -(-len(loaded) // LARGEST))),
        "pins": PINS,
        "targets": _targets(targets),
        "protected": protected,
        "runner": checked_runner(runner),
        "python": PYTHON,
    }
    return {file: _text(name, values) for file, name in FILES[host].items()}


def _layers(estate: Estate) -> list[int]:
    """Return the layers that an estate has, or gets when its stages are complete."""
    return list(range(max([LAYERS, *(1 + estate.layer(stack) for stack in estate.stacks())])))


def checked_runner(label: str | None) -> str | None:
    """Return a runner's label; raises StackyardError for what is none."""
    if label is None or RUNNER.fullmatch(label):
        return label
    message = f"a runner's label holds letters, digits, `.`, `_`, `-` only (got {label!r})"
    hint = "use the label of your own runners, for example `--runner in-vpc`"
    raise StackyardError(message, hint=hint, code=ExitCode.INVALID)


def child(affected: Row, operation: Operation, *, below: str, runner: str | None = None) -> str:
    """Return a GitLab child pipeline: one job per affected stack, layer after layer.

    https://docs.gitlab.com/ci/pipelines/downstream_pipelines/#dynamic-child-pipelines
    """
    rows = affected["stacks"]
    if len(rows) > GITLAB_DEPLOYMENTS:
        hint = "merge it in parts, for example stage by stage"
        most = f"a pipeline of GitLab has at most {GITLAB_DEPLOYMENTS} deployment jobs"
        raise StackyardError(f"{len(rows)} stacks are affected; {most}", hint=hint)
    stacks = [
        {
            **job,
            "job_stage": _job_stage(row),
            "role": "preview" if operation == "preview" else f"apply-{row['stage']}",
        }
        for row, job in zip(rows, entries(rows), strict=True)
    ]
    stages = list(dict.fromkeys(stack["job_stage"] for stack in stacks))
    last = ["comment"] if operation == "preview" else [] if stages else ["nothing"]
    names = [{"stack": stack["stack"], "operation": stack["operation"]} for stack in stacks]
    values = {
        "base": affected["base"],
        "below": f"/{below}" if below else "",
        "estate": below or ".",
        "expected": json.dumps(names),
        "runner": checked_runner(runner),
        "minutes": MINUTES[operation],
        # Tool and policies come from the target branch: after the merge, from its former commit.
        "policies_of": "FETCH_HEAD" if operation == "preview" else affected["base"],
        "operation": operation,
        "python": PYTHON,
        "stacks": stacks,
        "stages": [*stages, *last],
    }
    return _text("gitlab/stacks.yml.j2", values)


def read_affected(text: str) -> dict[str, Any]:
    """Read the output of `affected --json`; raises StackyardError for anything else."""
    try:
        affected: dict[str, Any] = json.loads(text)
        valid = isinstance(affected["base"], str)
        for row in affected["stacks"]:
            StackId.parse(row["stack"])
    except (ValueError, KeyError, TypeError):
        valid = False
    if not valid:
        hint = "make it with `stackyard affected --base REV --json`"
        message = "this is not the output of `affected --json`"
        raise StackyardError(message, hint=hint, code=ExitCode.INVALID)
    return affected


def _job_stage(row: Row) -> str:
    return "destroy" if row["operation"] == "destroy" else f"layer-{row['layer']}"


def _targets(grouped: Mapping[tuple[str, str, str], Sequence[StackId]]) -> list[dict[str, Any]]:
    """Return stages by account and region, each with its stacks.

    A stage in one account and region is a pattern, so that it includes new stacks.
    """
    stages = [stage for stage, _, _ in grouped]
    rows = []
    for (stage, account, region), stacks in sorted(grouped.items()):
        alone = stages.count(stage) == 1
        name = stage if alone else f"{stage}-{account}-{region}"
        chosen = [f"*/*/{stage}"] if alone else [str(stack) for stack in stacks]
        where = {"account": account, "region": region, "partition": partition_of(region)}
        rows.append({"name": name, "stacks": chosen, **where})
    return rows


def _text(name: str, values: Mapping[str, Any]) -> str:
    # `{{` and `{%` belong to the Git hosts' own expressions.
    return template(TEMPLATES / "ci", name, syntax="brackets").render(values)
