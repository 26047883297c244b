"""Stacks run in dependency order; one that cannot run yet says what must be applied first."""

from __future__ import annotations

import pytest

from tests.support.workspace import Workspace


def test_a_stack_whose_upstream_is_not_applied_names_the_command_and_ends(
    estate: Workspace,
) -> None:
    done = estate.attempt("up", "vision/defects/staging", "--yes", timeout=120)
    assert done.returncode == 1
    assert "unknown until `stackyard up platform/foundation/staging` is applied" in done.stderr
    assert done.stderr.count("unknown until") < 5


def test_a_preview_marks_it_and_is_no_failure(estate: Workspace) -> None:
    done = estate.attempt("preview", "vision/defects/staging", timeout=120)
    assert done.returncode == 0
    assert "unknown until `stackyard up platform/foundation/staging` is applied" in done.stdout


def test_after_an_apply_only_what_changed_is_previewed(
    applied: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A worker's estate is a copy with other ports in its states: they are not as recorded.
    applied.run("up", "*/*/dev", "--yes-to-all")
    monkeypatch.setenv("STACKYARD_ALL", "0")
    stacks = applied.answer("preview", "*/*/dev")["stacks"]
    assert [each["stack"] for each in stacks if not each["unchanged_since"]] == []
    file, trial = "stacks/ranking/recommender/dev.yaml", "tags: {trial: unchanged}"
    applied.edit(file, "{}", trial)
    try:
        stacks = applied.answer("preview", "*/*/dev")["stacks"]
    finally:
        applied.edit(file, trial, "{}")
    asked = [each for each in stacks if not each["unchanged_since"]]
    assert [each["stack"] for each in asked] == ["ranking/recommender/dev"]
    assert asked[0]["changes"]["update"] > 0
