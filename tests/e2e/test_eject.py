"""An ejected stack is an ordinary Pulumi project: same resources, same state, no changes."""

from __future__ import annotations

import os
import runpy
import shutil
import stat
from pathlib import Path

import pytest
import yaml
from pulumi import automation

from stackyard_cli.backend import pulumi_binary
from stackyard_cli.backend.location import location_of
from tests.support.workspace import Workspace

FILES = {"Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py", "requirements.txt", "README.md"}


@pytest.mark.parametrize(
    "stack", ["platform/foundation/dev", "platform/services/dev", "ranking/recommender/dev"]
)
def test_the_ejected_program_changes_nothing(
    applied: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stack: str
) -> None:
    folder = tmp_path / "ejected"
    applied.run("eject", stack, str(folder))
    assert {path.name for path in folder.iterdir()} == FILES
    location = location_of(
        name="acme", root=applied.folder, target="sandbox", backend=None, secrets_provider=None
    )
    monkeypatch.setenv(
        "PATH", f"{pulumi_binary.find().path.parent}{os.pathsep}{os.environ['PATH']}"
    )

    def program() -> None:
        runpy.run_path(str(folder / "__main__.py"))

    workspace = automation.LocalWorkspace(
        work_dir=str(folder),
        # The language host that would start `python __main__.py` is not served here; the engine
        # runs the same file in this process instead.
        program=program,
        env_vars=location.environment,
    )
    team, project, stage = stack.split("/")
    chosen = automation.Stack.select(f"organization/{team}.{project}/{stage}", workspace)
    changes = chosen.preview().change_summary
    assert set(changes) == {"same"}
    assert changes[automation.OpType.SAME] > 20


def test_a_folder_with_something_in_it_is_refused(applied: Workspace, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = applied.attempt("eject", "platform/services/dev", str(tmp_path))
    assert done.returncode == 2
    assert "not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_no_secret_is_written(applied: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "ejected"
    applied.run("eject", "ranking/recommender/dev", str(folder))
    secret = applied.sandbox.environment()["AWS_SECRET_ACCESS_KEY"]
    settings = yaml.safe_load((folder / "Pulumi.dev.yaml").read_text())
    named = settings["config"]["ranking.recommender:stack"]
    assert named["account"] == "123456789012"
    for path in folder.iterdir():
        assert secret not in path.read_text()
        assert stat.S_ISREG(path.stat().st_mode)
    shutil.rmtree(folder)
