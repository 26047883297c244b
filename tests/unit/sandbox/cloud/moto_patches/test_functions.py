"""A function runs on the Python that it declares, with the packages of AWS's runtime alone."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stackyard.pipeline import actor
from stackyard_sandbox.cloud.moto_patches import functions

Function = Any


def ran(monkeypatch: pytest.MonkeyPatch, source: str, runtime: str = actor.RUNTIME) -> Any:
    """Invoke a function of one file, and return its answer."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("cluster.py", source)
    here = {"PATH": str(Path(sys.executable).parent)}
    monkeypatch.setattr(functions, "_environment", lambda _: here)
    one: Function = SimpleNamespace(
        run_time=runtime,
        code_bytes=packed.getvalue(),
        handler="cluster.handler",
        timeout=60,
        save_logs=lambda _: None,
    )
    return json.loads(functions._invoke(one)[0])


def test_the_sdk_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "import boto3\ndef handler(event, context): return boto3.session.Session().region_name"
    assert ran(monkeypatch, source) is None


def test_a_package_that_lambda_lacks_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "import yaml\ndef handler(event, context): return 1"
    answer = ran(monkeypatch, source)
    assert (answer["errorType"], "yaml" in answer["errorMessage"]) == ("ModuleNotFoundError", True)


def test_it_is_the_python_that_the_function_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this machine has it: `imp` went with Python 3.12."""
    if functions.interpreter(actor.RUNTIME) == sys.executable:
        pytest.skip(f"no {actor.RUNTIME} on this machine")
    source = "import sys\ndef handler(event, context): return list(sys.version_info[:2])"
    assert f"python{'.'.join(map(str, ran(monkeypatch, source)))}" == actor.RUNTIME
    gone = ran(monkeypatch, "import imp\ndef handler(event, context): return 1")
    assert gone["errorType"] == "ModuleNotFoundError"


def test_the_pipelines_own_function_is_read_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(actor.__file__).parent / "function" / "cluster.py").read_text()
    answer = ran(monkeypatch, f"{text}\n\ndef handler(event, context): return 'read'\n")
    assert answer == "read"


def test_a_machine_without_it_takes_its_own(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    launcher = tmp_path / "python3.99"
    launcher.write_text("#!/bin/sh\nexit 127\n")
    launcher.chmod(0o700)
    assert functions.interpreter("python3.99") == sys.executable
