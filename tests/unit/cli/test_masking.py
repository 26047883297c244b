"""Which variables hold a secret, and that none is printed."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from stackyard_cli import render
from stackyard_cli.errors import StackyardError
from stackyard_cli.masking import Mask, MaskedStream

SECRET = 'canary-7f3a"9c51'


@pytest.mark.parametrize(
    "name",
    [
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "PULUMI_CONFIG_PASSPHRASE",
        "PULUMI_ACCESS_TOKEN",
        "GITHUB_TOKEN",
        "STACKYARD_TOKEN",
        "CI_JOB_TOKEN",
        "MLFLOW_TRACKING_PASSWORD",
        "REGISTRY_PASSWORD",
    ],
)
def test_a_variable_with_such_a_name_is_masked(name: str) -> None:
    assert Mask.of({name: SECRET})(f"by {SECRET}.") == "by [secret]."
    assert SECRET[:6] not in Mask.of({name: SECRET})(json.dumps({"by": SECRET}))


@pytest.mark.parametrize("name", ["AWS_WEB_IDENTITY_TOKEN_FILE", "SECRET_ARN", "AWS_REGION"])
def test_what_says_where_a_secret_is_can_be_told(name: str) -> None:
    assert Mask.of({name: "/run/identity"})("/run/identity") == "/run/identity"


def test_the_passphrase_behind_a_file_is_masked(tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text(f"{SECRET}\n")
    mask = Mask.of({"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "passphrase")})
    assert mask(SECRET) == "[secret]"
    assert Mask.of({"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "gone")})(SECRET) == SECRET


def test_nothing_that_is_printed_holds_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REGISTRY_PASSWORD", SECRET)
    render.narrate(f"by {SECRET}")
    render.problem(StackyardError(SECRET, hint=SECRET, details=[SECRET]), json=False)
    render.problem(StackyardError(SECRET, facts={"x": SECRET}), json=True)
    render.answer({"x": [SECRET]}, json=True)
    render.table(("x",), [{"x": SECRET}], json=False)
    render.line({"x": SECRET})
    MaskedStream(io.StringIO(), Mask.of()).write(SECRET)
    told = "".join(capsys.readouterr())
    assert told.count("[secret]") == 9
    assert "canary" not in told
    render.answer(SECRET, json=False, with_secrets=True)
    assert capsys.readouterr().out == f"{SECRET}\n"
