"""Plays the rendered GitHub workflows: `run` steps in bash, actions by small stand-ins."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from stackyard_sandbox.paths import toolchain_cache

from .expressions import filled, holds
from .github import REPOSITORY, GitHub, Run

PIP = """#!/bin/sh
[ "$1 $2 $3 $4" = "install --quiet --require-hashes -r" ] || exit 9
cat "$5" >> "{log}"
"""
"""The tool is installed already; what would be installed is written down."""


@dataclass
class Job:
    """How one job of a run ended, one for each row of its matrix."""

    result: str
    """`success`, `failure`, `skipped`, or `waiting` for the approval of its environment."""

    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    codes: list[int] = field(default_factory=list)
    """Exit codes of its `run` steps."""

    roles: list[str] = field(default_factory=list)
    installed: str = ""
    """The requirements that were installed."""


Played = dict[str, list[Job]]


class Runner:
    """Runs workflows of the repository at a commit, as GitHub would."""

    def __init__(self, github: GitHub, folder: Path, sandbox: Path) -> None:
        self.github, self.folder, self.sandbox = github, folder, sandbox
        self.approved: set[str] = set()
        """Environments whose reviewers have said yes."""

        self._count = 0

    def pull_request(self, change: Mapping[str, Any]) -> Played:
        """Run the preview of a pull request on the merge of it, as GitHub does."""
        event = {"pull_request": change}
        known = {"event_name": "pull_request", "base_ref": "main", "ref": "refs/pull/1/merge"}
        return self._run("stackyard-preview.yml", change["merge"], known | {"event": event})

    def push(self, before: str, after: str) -> Played:
        """Run the apply of a push to main."""
        known = {"event_name": "push", "ref": "refs/heads/main", "event": {"before": before}}
        return self._run("stackyard-apply.yml", after, known)

    def schedule(self) -> Played:
        """Run what runs every night."""
        known = {"event_name": "schedule", "ref": "refs/heads/main", "event": {}}
        return self._run("stackyard-drift.yml", self.github.git("rev-parse", "main"), known)

    def _run(self, file: str, commit: str, facts: dict[str, Any]) -> Played:
        text = self.github.git("show", f"{commit}:.github/workflows/{file}")
        workflow = yaml.safe_load(text)
        pull = facts["event"].get("pull_request", {})
        head = pull.get("head", {}).get("sha", commit)
        run = Run(len(self.github.runs), file, facts["event_name"], head)
        self.github.runs.append(run)
        github = {"repository": REPOSITORY, "sha": commit, "token": "job-token", **facts}
        played: Played = {}
        for name, job in workflow["jobs"].items():
            played[name] = self._jobs(workflow, job, {"github": github}, played, run)
        results = [one.result for jobs in played.values() for one in jobs]
        run.conclusion = "success" if set(results) <= {"success", "skipped"} else "failure"
        return played

    def _jobs(
        self,
        workflow: dict[str, Any],
        job: dict[str, Any],
        known: dict[str, Any],
        played: Played,
        run: Run,
    ) -> list[Job]:
        needs = job.get("needs", [])
        needs = [needs] if isinstance(needs, str) else needs
        known = known | {"needs": {name: _need(played[name]) for name in needs}}
        before = {one.result for name in needs for one in played[name]}
        known |= {
            "success()": before <= {"success"},
            "failure()": "failure" in before,
            "cancelled()": False,
            "always()": True,
        }
        if "waiting" in before or not holds(job.get("if"), known):
            return [Job("waiting" if "waiting" in before else "skipped")]
        matrix = filled(job.get("strategy", {}).get("matrix", {}), known)
        rows = matrix.get("include", [{}])
        return [
            _Play(self, workflow, job, known | {"matrix": row, "strategy": {"job-index": n}}, run)()
            for n, row in enumerate(rows)
        ]

    def new_folder(self) -> Path:
        """Return a folder for one job."""
        self._count += 1
        folder = self.folder / str(self._count)
        folder.mkdir(parents=True)
        return folder


class _Play:
    """One job on a machine of its own."""

    def __init__(
        self,
        runner: Runner,
        workflow: dict[str, Any],
        job: dict[str, Any],
        known: dict[str, Any],
        run: Run,
    ) -> None:
        self._runner, self._job, self._run_of = runner, job, run
        self._known = known | {"steps": {}}
        self._permissions = job["permissions"]
        self._environment = filled({**workflow["env"], **job.get("env", {})}, self._known)
        self._folder = runner.new_folder()
        self._files = self._folder / "checkout"
        self._temp = self._folder / "temp"
        self._temp.mkdir()
        self.job = Job("success")

    def __call__(self) -> Job:
        environment = filled(self._job.get("environment"), self._known)
        if environment and environment not in self._runner.approved:
            return Job("waiting")
        self._environment |= self._standard()
        for step in self._job["steps"]:
            self._known |= {"success()": self.job.result == "success"}
            if holds(step.get("if"), self._known):
                self._step(step)
        self.job.outputs = filled(self._job.get("outputs", {}), self._known)
        log = self._folder / "pip.log"
        self.job.installed = log.read_text() if log.exists() else ""
        return self.job

    def _standard(self) -> dict[str, str]:
        github = self._known["github"]
        tools = self._folder / "tools"
        tools.mkdir()
        (tools / "pip").write_text(PIP.format(log=self._folder / "pip.log"))
        (tools / "pip").chmod(0o755)
        path = [str(tools), str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]
        return {
            "PATH": os.pathsep.join(path),
            "HOME": str(self._folder),
            "STACKYARD_CACHE_DIR": str(toolchain_cache()),
            "TMPDIR": str(self._temp),
            "RUNNER_TEMP": str(self._temp),
            "GITHUB_API_URL": self._runner.github.url,
            "GITHUB_REPOSITORY": github["repository"],
            "GITHUB_SHA": github["sha"],
            "GITHUB_REF_NAME": github["ref"].rpartition("/")[2],
        }

    def _step(self, step: dict[str, Any]) -> None:
        if "run" in step:
            self._shell(step)
            return
        action = step["uses"].partition("@")[0].rpartition("/")[2].replace("-", "_")
        try:
            getattr(self, f"_{action}")(filled(step.get("with", {}), self._known))
        except FileNotFoundError as error:
            self.job.result = "failure"
            self.job.log += f"{step['uses']}: {error}\n"

    def _shell(self, step: dict[str, Any]) -> None:
        output = self._folder / "output"
        output.write_text("")
        own = filled(step.get("env", {}), self._known)
        environment = {**self._environment, **own, "GITHUB_OUTPUT": output}
        done = subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=self._files,
            env={name: str(value) for name, value in environment.items()},
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
        self.job.log += f"$ {step['run']}\n{done.stdout}{done.stderr}\n"
        self.job.codes.append(done.returncode)
        if done.returncode != 0:
            self.job.result = "failure"
        lines = (line.partition("=") for line in output.read_text().splitlines())
        if "id" in step:
            self._known["steps"][step["id"]] = {"outputs": {name: text for name, _, text in lines}}

    def _checkout(self, options: dict[str, Any]) -> None:
        assert options["persist-credentials"] is False
        source = self._runner.github.bare.as_uri()
        _git("clone", "-q", "--no-checkout", source, str(self._files))
        _git("-C", str(self._files), "fetch", "-q", source, self._known["github"]["sha"])
        _git("-C", str(self._files), "checkout", "-q", "--detach", "FETCH_HEAD")
        if options.get("fetch-depth") != 0:
            # Without `fetch-depth: 0` no other revision is there.
            _git("-C", str(self._files), "remote", "remove", "origin")
            for name in ("packed-refs", "refs/heads/main"):
                (self._files / ".git" / name).unlink(missing_ok=True)

    def _setup_python(self, options: dict[str, Any]) -> None:
        assert options["python-version"]

    def _configure_aws_credentials(self, options: dict[str, Any]) -> None:
        assert self._permissions["id-token"] == "write", "no identity without the permission"
        self.job.roles.append(options["role-to-assume"])
        # In the sandbox, to know where it is, is to have its credentials.
        self._environment["STACKYARD_SANDBOX_DIR"] = str(self._runner.sandbox)

    def _upload_artifact(self, options: dict[str, Any]) -> None:
        folder = self._files / options["path"]
        files = [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []
        if files:
            packed = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
            self._run_of.artifacts[options["name"]] = packed

    def _download_artifact(self, options: dict[str, Any]) -> None:
        pattern = options.get("pattern", options.get("name"))
        found = [
            files for name, files in self._run_of.artifacts.items() if fnmatchcase(name, pattern)
        ]
        if not found and "name" in options:
            raise FileNotFoundError(f"no artifact {options['name']}")
        for files in found:
            for name, content in files.items():
                path = self._files / options["path"] / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)


def _need(jobs: list[Job]) -> dict[str, Any]:
    results = [job.result for job in jobs]
    order = ("failure", "waiting", "success", "skipped")
    return {
        "result": next((one for one in order if one in results), "skipped"),
        "outputs": {key: text for job in jobs for key, text in job.outputs.items()},
    }


def _git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, capture_output=True)
