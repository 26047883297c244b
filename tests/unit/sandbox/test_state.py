from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stackyard_sandbox import state
from stackyard_sandbox.state import Aws, Cluster, Sandbox, SandboxError

AWS = Aws(endpoint="http://127.0.0.1:1", access_key_id="AKIAEXAMPLE", secret_access_key="made-up")


@pytest.fixture
def sandbox(tmp_path: Path) -> Any:
    return Sandbox(tmp_path, 42, AWS, {"aws": 2, "kubernetes": 3})


def test_what_is_written_is_read_for_the_owner_only(tmp_path: Path, sandbox: Sandbox) -> None:
    assert state.write(sandbox) == sandbox
    assert state.read(tmp_path) == sandbox
    assert (tmp_path / state.FILE).stat().st_mode & 0o777 == 0o600


def test_start_and_the_cloud_process_do_not_overwrite_each_other(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    clusters = {"dev": Cluster(endpoint="https://127.0.0.1:4", ca="Y2E=", kubeconfig="/k")}
    state.write_clusters(tmp_path, clusters)
    assert state.read(tmp_path) is None
    assert state.write(sandbox).clusters == clusters
    state.write_clusters(tmp_path, {})
    found = state.read(tmp_path)
    assert (found.clusters, found.aws) == ({}, AWS)


def test_nothing_is_read_where_nothing_was_written(tmp_path: Path, sandbox: Sandbox) -> None:
    assert state.read(tmp_path) is None
    state.write(sandbox)
    state.forget(tmp_path)
    state.forget(tmp_path)
    assert state.read(tmp_path) is None


def test_another_version_is_refused_with_the_way_out(tmp_path: Path, sandbox: Sandbox) -> None:
    state.write(sandbox)
    document = json.loads((tmp_path / state.FILE).read_text())
    (tmp_path / state.FILE).write_text(json.dumps(document | {"version": 7}))
    with pytest.raises(SandboxError, match="version 7") as refused:
        state.read(tmp_path)
    assert refused.value.hint == "run `stackyard sandbox reset`"


def test_the_environment_is_the_sandbox_and_no_secret_is_in_its_text(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "example.org")
    monkeypatch.delenv("no_proxy", raising=False)
    variables = sandbox.environment()
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert variables["AWS_SESSION_TOKEN"] == ""
    assert variables["NO_PROXY"] == "example.org,127.0.0.1,localhost"
    engine = sandbox.engine_environment()
    assert engine["PULUMI_DEBUG_PROVIDERS"] == "aws:2,kubernetes:3"
    assert variables.items() < engine.items()
    assert "made-up" not in repr(sandbox)


def test_a_run_chooses_its_kubernetes_provider(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def attached(having: Sandbox) -> str:
        return having.engine_environment()["PULUMI_DEBUG_PROVIDERS"]

    both = replace(sandbox, providers={**sandbox.providers, state.OFFICIAL: 4})
    for choice in ("", "own"):
        monkeypatch.setenv(state.CHOICE, choice)
        assert attached(both) == attached(sandbox) == "aws:2,kubernetes:3"
    monkeypatch.setenv(state.CHOICE, "official")
    assert attached(both) == "aws:2,kubernetes:4"
    with pytest.raises(SandboxError, match="no official Kubernetes provider") as refused:
        attached(sandbox)
    assert "stackyard sandbox build pulumi-resource-kubernetes" in refused.value.hint
    monkeypatch.setenv(state.CHOICE, "theirs")
    with pytest.raises(SandboxError, match="'theirs'"):
        attached(both)
