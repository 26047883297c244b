"""Files of rendered pipelines, read and checked as their Git hosts do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from stackyard_sandbox import toolchain

GITLAB_TOP = {"workflow", "variables", "default", "stages", "include"}


def actionlint(folder: Path, texts: dict[str, str]) -> subprocess.CompletedProcess[str]:
    toolchain.build(["actionlint"], progress=lambda line: None)
    where = folder / ".github" / "workflows"
    where.mkdir(parents=True)
    for name, text in texts.items():
        (where / f"{name}.yml").write_text(text)
    files = [str(path) for path in sorted(where.iterdir())]
    command = [str(toolchain.tool("actionlint")), "-no-color", *files]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def github_jobs(text: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)["jobs"]
    return found


def gitlab_schema(text: str) -> subprocess.CompletedProcess[str]:
    """Hold a file against GitLab's own schema, as check-jsonschema brings it along."""
    options = ["--builtin-schema", "vendor.gitlab-ci", "--default-filetype", "yaml", "-"]
    command = [sys.executable, "-m", "check_jsonschema", *options]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def gitlab_jobs(text: str) -> dict[str, dict[str, Any]]:
    """Return the jobs of a GitLab file after checking what GitLab would check first."""
    checked = gitlab_schema(text)
    assert checked.returncode == 0, checked.stdout
    plain = yaml.safe_load(text)
    written = {name: job for name, job in plain.items() if name not in GITLAB_TOP}
    found = {n: _extended(job, written) for n, job in written.items() if not n.startswith(".")}
    for name, job in found.items():
        assert job["stage"] in plain["stages"], name
        assert ("script" in job) != ("trigger" in job), name
        assert all(need in found for need in job.get("needs", []))
        assert all(isinstance(line, str) for line in job.get("script", [])), name
        takes = "AWS_ROLE_ARN" in job.get("variables", {})
        assert ("id_tokens" in job) == takes, name
        # GitLab's token, with which sessions are renewed, lives as long as the job may last.
        assert not takes or "timeout" in job, name
    return found


def _extended(job: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job with what it extends: maps are merged, other values replaced.

    https://docs.gitlab.com/ci/yaml/yaml_optimization/#merge-details
    """
    if "extends" not in job:
        return dict(job)
    below = _extended(written[job["extends"]], written)
    return _merged(below, {key: value for key, value in job.items() if key != "extends"})


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = _merged(found[key], value) if both else value
    return found
