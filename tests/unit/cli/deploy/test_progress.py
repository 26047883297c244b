"""Progress lines, reports and the changes of config behind them."""

from pathlib import Path
from typing import Any

import pytest

from stackyard.naming import StackId
from stackyard_cli import render
from stackyard_cli.deploy.progress import Progress
from stackyard_cli.engine.messages import Change, Diagnostic, Event, Result, Step, dump, load
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.engine.worker.events import at
from stackyard_cli.masking import Mask
from stackyard_cli.reports import summary
from stackyard_cli.review.config_changes import ConfigChange

STACK = StackId("ranking", "clicks", "dev")


def step(operation: str, name: str = "data", phase: Any = "start", **facts: Any) -> Step:
    urn = f"urn:pulumi:dev::ranking.clicks::aws:s3/bucket:Bucket::{name}"
    return Step(phase=phase, urn=urn, type="aws:s3/bucket:Bucket", operation=operation, **facts)


def report(*steps: Step, result: Result | None = None) -> Report:
    made = Report(Task(STACK, "project", {}, "", {}), "preview", result or Result("succeeded"))
    for one in steps:
        made.take(one)
    return made


def test_piped_progress_is_one_line_per_changed_resource(capsys: Any) -> None:
    progress = Progress(lines=True)
    for one in (
        step("create"),
        step("create", phase="done"),
        step("create", phase="done"),
        step("same", "other", phase="done"),
        step("update", "third", phase="failed"),
    ):
        progress.watch(str(STACK), one)
    progress.watch(str(STACK), Diagnostic("info", "chatter"))
    progress.watch(str(STACK), Diagnostic("error", "no such zone"))
    assert capsys.readouterr().err.splitlines() == [
        "ranking/clicks/dev  + aws:s3/bucket:Bucket  data",
        "ranking/clicks/dev  ~ aws:s3/bucket:Bucket  third  failed",
        "ranking/clicks/dev  error: no such zone",
    ]


def test_the_status_line_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("stackyard_cli.render.status", shown.append)
    now = [10.0]
    progress = Progress(lines=False, clock=lambda: now[0])
    progress.watch("a/b/dev", step("create", "one"))
    progress.watch("a/b/dev", step("create", "two"))
    progress.watch("a/b/dev", step("create", "one", phase="done"))
    now[0] = 14.2
    progress.redraw()
    assert shown == ["a/b/dev: 1 done · 1 running · 4 s"]


def test_a_replacement_is_one_change_with_its_reason() -> None:
    made = report(
        step("create-replacement", replace_keys=("bucket",)),
        step("create-replacement", phase="done"),
        step("replace"),
        step("delete-replaced"),
    )
    assert summary.counts(made) == {"replace": 1}
    lines = list(summary.text_of(made, []))
    assert lines[-1] == "    ± aws:s3/bucket:Bucket  data  replaced because of bucket"


def test_a_preview_names_paths_and_the_line_behind_them() -> None:
    made = report(step("update", changes=(Change("versioning.enabled", "update"),)))
    origin = "stacks/ranking/_defaults.yaml:12:3"
    config = [ConfigChange("retention.raw.expire_after_days", 1095, 730, origin)]
    assert list(summary.text_of(made, config)) == [
        "ranking/clicks/dev: 1 to update",
        "  config",
        "    retention.raw.expire_after_days: 1095 → 730  (stacks/ranking/_defaults.yaml:12:3)",
        "  resources",
        "    ~ aws:s3/bucket:Bucket  data  [versioning.enabled]",
    ]


def test_changed_outputs_are_a_change_though_no_resource_changes() -> None:
    stack = Step(
        phase="done",
        urn="urn:pulumi:dev::a.b::pulumi:pulumi:Stack::a.b-dev",
        type="pulumi:pulumi:Stack",
        operation="same",
        changes=(Change("outputs.contract", "update"),),
    )
    assert summary.counts(report(stack)) == {"outputs": 1}


def test_providers_alone_are_no_change() -> None:
    provider = Step(
        "start",
        "urn:pulumi:dev::a.b::pulumi:providers:aws::default",
        "pulumi:providers:aws",
        "create",
    )
    assert list(summary.text_of(report(provider), [])) == ["ranking/clicks/dev: no changes"]


def test_an_unknown_preview_says_what_to_apply() -> None:
    text = "unknown until `stackyard up platform/foundation/dev` is applied"
    made = report(result=Result("failed", problem=text, kind="unknown"))
    assert list(summary.text_of(made, [])) == [f"ranking/clicks/dev: {text}"]
    assert summary.to_dict(made)["outcome"] == "unknown"


@pytest.mark.parametrize(
    "event",
    [
        step("update", changes=(Change("a", "add", None, 1),), replace_keys=("a",)),
        Diagnostic("error", "text", "urn"),
        Result("failed", {"create": 1}, 1.5, "problem", "hint", "engine"),
    ],
)
def test_events_survive_the_pipe(event: Event) -> None:
    assert load(dump(event)) == event


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.ports[1].port", 443),
        ('tags["a.b"]', "dotted"),
        ("spec.missing", None),
        ("spec.ports[9]", None),
    ],
)
def test_property_paths(path: str, value: Any) -> None:
    inputs = {"spec": {"ports": [{"port": 80}, {"port": 443}]}, "tags": {"a.b": "dotted"}}
    assert at(inputs, path) == value


def test_known_secrets_are_masked_longest_first() -> None:
    mask = Mask(["hunter2hunter2", "hunter2hunter2-and-more", "abc"])
    assert mask("got hunter2hunter2-and-more and hunter2hunter2, abc") == (
        "got [secret] and [secret], abc"
    )


def test_the_place_is_private(tmp_path: Path) -> None:
    from stackyard_cli.backend.location import location_of

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path))
        patch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
        patch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
        location = location_of(
            name="acme", root=tmp_path, target="aws", backend=None, secrets_provider=None
        )
        first = Path(location.environment["PULUMI_CONFIG_PASSPHRASE_FILE"]).read_text()
        again = location_of(
            name="acme", root=tmp_path, target="aws", backend=None, secrets_provider=None
        )
    assert Path(again.environment["PULUMI_CONFIG_PASSPHRASE_FILE"]).read_text() == first
    assert len(first) >= 40
    assert location.home.stat().st_mode & 0o777 == 0o700


def test_the_status_line_counts_stacks_and_says_how_long_it_will_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(render, "status", shown.append)
    now = 0.0
    progress = Progress(lines=False, clock=lambda: now)
    progress.expect(5, parallel=2)
    first, second, third = (StackId("ranking", "clicks", stage) for stage in ("a", "b", "c"))
    for stack in (first, second):
        progress.watch(str(stack), step("create"))
    now = 10.0
    progress.end(Report(Task(first, "project", {}, "", {}), "up", Result("succeeded")))
    same = Report(Task(third, "project", {}, "", {}), "preview", Result("succeeded"))
    same.unchanged_since = "2026-11-01T10:00:00+00:00"
    progress.end(same)
    progress.redraw()
    whole = "2 waiting · 1 running · 1 done · 1 unchanged · 10 s, about 15 s left"
    assert shown == [f"{whole}  |  ranking/clicks/b: 0 done · 1 running · 10 s"]
