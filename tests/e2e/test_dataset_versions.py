"""Versions of a dataset: the real DVC with nothing but a session of the scientist's role."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stackyard_sandbox.state import Sandbox
from tests.support.clients import Assume, Clients
from tests.support.workspace import Workspace

STACK = "ranking/recommender/dev"
FILES, SIZE = 20, 40_000

PUSH_TWO_VERSIONS = """
import json, os, pathlib, shutil
from dvc.cli import main

def dvc(*words):
    assert main(list(words)) == 0, words

def write(number, text):
    pathlib.Path(f"daily/{number:02}.csv").write_bytes((text * 8).encode().ljust(40_000, b"."))

remotes = pathlib.Path("remotes").read_text()
dvc("init", "--no-scm", "--quiet")
dvc("config", "core.analytics", "false")
with open(".dvc/config", "a") as config:
    config.write(remotes)
os.makedirs("daily")
for number in range(20):
    write(number, f"first {number}")
dvc("add", "--quiet", "daily")
shutil.copy("daily.dvc", "first.version")
dvc("push", "--remote", "features")
"""
PUSH_AGAIN_AND_GO_BACK = """
import pathlib, shutil
from dvc.cli import main

def dvc(*words):
    assert main(list(words)) == 0, words

pathlib.Path("daily/03.csv").write_bytes(b"second".ljust(40_000, b"."))
dvc("add", "--quiet", "daily")
dvc("push", "--remote", "features")
shutil.rmtree(".dvc/cache")
shutil.rmtree("daily")
shutil.copy("daily.dvc", "second.version")
shutil.copy("first.version", "daily.dvc")
dvc("pull", "--remote", "features")
"""


@pytest.fixture(scope="module")
def place(applied: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("versions")
    remotes = applied.run("outputs", STACK, "--format", "dvc")
    (folder / "remotes").write_text(remotes)
    return folder


def run(program: str, place: Path, credentials: dict[str, str], sandbox: Sandbox) -> None:
    environment = {
        **{name.upper(): value for name, value in credentials.items()},
        "AWS_ENDPOINT_URL": sandbox.environment()["AWS_ENDPOINT_URL"],
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "DVC_NO_ANALYTICS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def stored(aws: Clients, bucket: str) -> dict[str, int]:
    """Return the size of every version of every object below the remote."""
    found = aws("s3").list_object_versions(Bucket=bucket, Prefix="dvc/")
    return {f"{one['Key']} {one['VersionId']}": one["Size"] for one in found.get("Versions", [])}


def test_two_versions_are_pushed_and_the_first_comes_back(
    applied: Workspace,
    sandbox: Sandbox,
    place: Path,
    aws: Clients,
    assume: Assume,
) -> None:
    bucket = applied.contract(STACK)["datasets"]["features"]
    scientist = assume("ranking-recommender-dev-scientist")

    run(PUSH_TWO_VERSIONS, place, scientist, sandbox)
    first = stored(aws, bucket)
    assert len(first) == FILES + 1
    before = {path.name: path.read_bytes() for path in (place / "daily").iterdir()}

    run(PUSH_AGAIN_AND_GO_BACK, place, scientist, sandbox)
    second = stored(aws, bucket)
    added = {key: size for key, size in second.items() if key not in first}
    assert first.items() <= second.items()
    assert len(added) == 2, "the changed file and the new list of files"
    assert sum(added.values()) < SIZE + 4_000

    again = {path.name: path.read_bytes() for path in (place / "daily").iterdir()}
    assert again == before
    assert (place / "second.version").read_text() != (place / "first.version").read_text()


def test_the_remote_holds_no_credential_and_names_only_datasets_with_dvc(place: Path) -> None:
    text = (place / "remotes").read_text()
    assert "url = s3://ranking-recommender-dev-data-features-123456789012/dvc" in text
    assert "region = eu-central-1" in text
    assert "key" not in text


def test_who_may_only_read_cannot_push(applied: Workspace, aws: Clients, assume: Assume) -> None:
    events = applied.contract(STACK)["datasets"]["events"]
    scientist = aws("s3", assume("ranking-recommender-dev-scientist"))
    with pytest.raises(Exception, match="AccessDenied"):
        scientist.put_object(Bucket=events, Key="dvc/files/md5/aa/bb", Body=b"x")


def test_a_stack_without_datasets_says_so(applied: Workspace) -> None:
    told = json.loads(
        applied.run("outputs", "platform/services/dev", "--format", "dvc", "--json", code=1)
    )
    assert "no dataset" in told["error"]
