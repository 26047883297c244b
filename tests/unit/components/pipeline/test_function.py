"""The pipeline's hands: each step may be asked again, and says what was there before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stackyard.pipeline.function import cluster

RUN = "0f6c2a8e-5b1d-4c3e-9a77-1234567890ab"


class Api:
    """An API server with one Deployment and some Jobs."""

    def __init__(self, deployment: dict[str, Any] | None = None) -> None:
        self.deployment = deployment
        self.jobs: dict[str, Any] = {}

    def __call__(self, method: str, path: str, body: Any = None, *, absent: bool = False) -> Any:
        if "/jobs" in path:
            name = path.rpartition("/")[2]
            if method == "GET":
                return {"items": [*self.jobs.values()]} if name == "jobs" else self.jobs.get(name)
            if method == "DELETE":
                name, _, options = name.partition("?")
                assert options == "propagationPolicy=Background", "else its pods go on"
                return self.jobs.pop(name, None)
            self.jobs[body["metadata"]["name"]] = body
            return body
        if method == "PATCH":
            assert path.endswith("?fieldManager=stackyard-release&force=true")
            self.deployment = body
        return self.deployment


def release(image: str, replicas: int = 2, **notes: str) -> dict[str, Any]:
    return {
        "metadata": {"annotations": {f"stackyard.dev/{key}": text for key, text in notes.items()}},
        "spec": {
            "replicas": replicas,
            "template": {"metadata": {}, "spec": {"containers": [{"image": image}]}},
        },
    }


def wanted() -> dict[str, Any]:
    return release("none", replicas=2)


def image(api: Api) -> str:
    assert api.deployment is not None
    return str(api.deployment["spec"]["template"]["spec"]["containers"][0]["image"])


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setenv("NAMESPACE", "vision-defects-dev")
    monkeypatch.setenv("DEPLOYMENT", "inspector")
    found = Api()
    monkeypatch.setattr(cluster, "_call", found)
    return found


def ask(step: str, **event: Any) -> Any:
    return cluster.handler({"step": step, **event}, None)


def deploy(new: str = "new", run: str = RUN) -> Any:
    return ask("deploy", run=run, manifest=wanted(), image=new, version="defects/8", value=0.9)


def test_nothing_is_known_before_the_first_release(api: Api) -> None:
    assert ask("champion") == {"known": False, "value": 0.0, "version": "none"}
    api.deployment = release("old", version="defects/7", metric="0.8")
    assert ask("champion") == {"known": True, "value": 0.8, "version": "defects/7"}


def test_a_release_says_what_was_there_and_an_undo_puts_it_back(api: Api) -> None:
    api.deployment = release("old", replicas=5, version="defects/7", metric="0.8", run="before")
    previous = deploy()["previous"]
    assert image(api) == "new"
    # As many pods as the autoscaler has made of it, not as many as the manifest says.
    assert api.deployment["spec"]["replicas"] == 5
    assert deploy()["previous"] == previous, "asked again, it must not take itself for the former"
    assert ask("undo", manifest=wanted(), previous=previous) == {"image": "old"}
    assert image(api) == "old"
    assert ask("champion")["version"] == "defects/7"


def test_a_first_release_has_nothing_to_go_back_to(api: Api) -> None:
    previous = deploy()["previous"]
    assert previous == {"image": None, "notes": {}}
    ask("undo", manifest=wanted(), previous=previous)
    assert image(api) == "new"


def test_jobs_of_an_ended_run_are_deleted_and_no_others(api: Api) -> None:
    def started(run: str, job: str, **status: Any) -> str:
        spec: Any = {"template": {"spec": {"containers": [{}]}}}
        manifest = {"metadata": {"generateName": job}, "spec": spec}
        with pytest.raises(cluster.Unfinished):
            ask("job", run=run, input={}, manifest=manifest)
        name = next(reversed(api.jobs))
        api.jobs[name]["status"] = status
        return name

    other = RUN.replace("0ab", "0ac")
    trained = started(RUN, "fit-", conditions=[{"type": "Complete", "status": "True"}])
    failed = started(RUN, "tune-", conditions=[{"type": "Failed", "status": "True"}])
    running, of_another = started(RUN, "judge-"), started(other, "fit-")
    queued = started(RUN, "wait-", conditions=[{"type": "Suspended", "status": "True"}])
    assert ask("stop", run=RUN) == {"deleted": [running, queued]}
    assert set(api.jobs) == {trained, failed, of_another}
    assert ask("stop", run=RUN) == {"deleted": []}


def test_a_job_runs_once_for_each_run_and_learns_of_it(api: Api) -> None:
    def step() -> Any:
        container: dict[str, Any] = {"env": []}
        spec = {"template": {"spec": {"containers": [container]}}}
        manifest = {"metadata": {"generateName": "fit-"}, "spec": spec}
        place = {"STACKYARD_EVALUATION": "s3://reports/x"}
        return ask("job", run=RUN, input={"a": 1}, manifest=manifest, environment=place)

    for _ in range(2):
        with pytest.raises(cluster.Unfinished):
            step()
    ((name, made),) = api.jobs.items()
    assert name == "fit-1234567890ab"
    variables = {
        each["name"]: each["value"]
        for each in made["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    assert variables["STACKYARD_RUN"] == RUN
    assert json.loads(variables["STACKYARD_INPUT"]) == {"a": 1}
    assert variables["STACKYARD_EVALUATION"] == "s3://reports/x"
    made["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
    assert step() == {"job": name}
    made["status"] = {"conditions": [{"type": "Failed", "status": "True", "message": "no memory"}]}
    with pytest.raises(cluster.JobFailed, match="no memory"):
        step()


def serving(pods: int, *, age: float, now: float, reason: str = "") -> dict[str, Any]:
    found = release("new")
    found["metadata"] |= {
        "generation": 3,
        "annotations": {cluster.SINCE: str(int(now - age))},
    }
    counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), pods)
    found["status"] = {"observedGeneration": 3, "conditions": [{"reason": reason}], **counts}
    return found


@pytest.mark.parametrize(
    ("pods", "age", "reason", "expected"),
    [
        (2, 60.0, "", cluster.Unfinished),
        (2, 601.0, "", None),
        (1, 601.0, "", cluster.Unfinished),
        (1, 901.0, "", cluster.RolloutFailed),
        (2, 60.0, "ProgressDeadlineExceeded", cluster.RolloutFailed),
    ],
)
def test_a_new_version_is_watched(
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    pods: int,
    age: float,
    reason: str,
    expected: type[Exception] | None,
) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr("stackyard.pipeline.function.cluster.time.time", lambda: now)
    api.deployment = serving(pods, age=age, now=now, reason=reason)
    if expected is None:
        assert ask("watch", minutes=10, patience_seconds=300) == {"pods": 2}
        return
    with pytest.raises(expected):
        ask("watch", minutes=10, patience_seconds=300)
