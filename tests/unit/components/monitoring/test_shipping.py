"""The log shipper's files: its own language runs them, and lines reach the groups that are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from stackyard import kubernetes
from stackyard.monitoring import log_metrics, shipping
from stackyard.naming import StackId
from tests.support.record_accessor import BadTemplateError, filled

STACK = StackId("vision", "defects", "dev")
SERVICES = StackId("infra", "services", "dev")

Route = Callable[[dict[str, Any]], str | None]


def _pipeline() -> dict[str, Any]:
    files = shipping.shipper_files("eu-central-1", "/config")
    pipeline: dict[str, Any] = yaml.safe_load(files["fluent-bit.yaml"])["pipeline"]
    return pipeline


def _space(stack: StackId, *audiences: str) -> dict[str, str]:
    """The labels of a project's namespace, with the audiences that have a log group."""
    return {**kubernetes.labels(stack, "namespace"), **kubernetes.log_labels(audiences)}


def _record(space: dict[str, str], pod: dict[str, str]) -> dict[str, Any]:
    """What the filter `kubernetes` makes of a line."""
    return {
        "log": "a line",
        "kubernetes": {"pod_name": "pod-0", "labels": pod},
        "kubernetes_namespace": {"name": "n", "labels": space},
    }


@pytest.fixture(scope="module")
def route() -> Route:
    """The group of a record, as LuaJIT, which Fluent Bit is built with, computes it."""
    runtime = pytest.importorskip("lupa.luajit21", reason="LuaJIT").LuaRuntime()
    runtime.execute(shipping.shipper_files("eu-central-1", "/config")[shipping.ROUTE])

    def group(record: dict[str, Any]) -> str | None:
        table = runtime.table_from(record, recursive=True)
        code, _, changed = runtime.globals().route("kube.x", 0, table)
        if code == -1:
            return None
        assert code == 2  # the record was changed, its time was not
        (output,) = _pipeline()["outputs"]
        return filled(output["log_group_template"], {"group": changed["group"]})

    return group


def test_fluent_bit_can_read_every_template() -> None:
    record = {"group": "a/b/c/dev", "kubernetes": {"pod_name": "pod-0"}}
    (output,) = _pipeline()["outputs"]
    templates = {key: text for key, text in output.items() if key.endswith("_template")}
    assert {key: filled(text, record) for key, text in templates.items()} == {
        "log_group_template": "/stackyard/a/b/c/dev",
        "log_stream_template": "pod-0",
    }


def test_a_slash_after_a_variable_is_no_template() -> None:
    """The guard of the test above: what we wrote before it did not start."""
    with pytest.raises(BadTemplateError):
        filled("/stackyard/$kubernetes['labels']['a']/dev", {})


def test_the_function_is_there_and_positions_outlive_the_pod() -> None:
    pipeline = _pipeline()
    (called,) = (one for one in pipeline["filters"] if one["name"] == "lua")
    files = shipping.shipper_files("eu-central-1", "/config")
    folder, _, name = called["script"].rpartition("/")
    assert (folder, f"function {called['call']}(" in files[name]) == ("/config", True)
    assert pipeline["inputs"][0]["db"].startswith(f"{shipping.STATE}/")


@pytest.mark.parametrize(("component", "audience"), [("training", "science"), ("serving", "dev")])
@pytest.mark.parametrize("team", ["vision", "platform"])
def test_a_line_goes_to_the_group_that_is_made(
    route: Route, component: str, audience: Any, team: str
) -> None:
    stack = StackId(team, "defects", "dev")
    space = _space(stack, "business", "dev", "science")
    found = route(_record(space, kubernetes.labels(stack, component)))
    assert found == log_metrics.log_group(stack, audience)


def test_labels_of_a_pod_cannot_name_another_project(route: Route) -> None:
    other = kubernetes.labels(StackId("other", "secret", "dev"), "training")
    found = route(_record(_space(STACK, "dev", "science"), other))
    assert found == log_metrics.log_group(STACK, "science")


@pytest.mark.parametrize(
    ("audiences", "group"), [(["dev"], "/stackyard/vision/defects/dev/dev"), ([], None)]
)
def test_no_line_goes_to_a_group_that_is_not_there(
    route: Route, audiences: list[str], group: str | None
) -> None:
    """A project may have no `monitoring`, or no science among its subscribers."""
    pod = kubernetes.labels(STACK, "training")
    assert route(_record(_space(STACK, *audiences), pod)) == group


@pytest.mark.parametrize("platform", [SERVICES, StackId("platform", "services", "dev")])
def test_the_stages_own_pods_go_nowhere_and_its_jobs_for_a_project_to_that(
    route: Route, platform: StackId
) -> None:
    space = kubernetes.labels(platform, "stackyard-system")
    assert route(_record(space, kubernetes.labels(platform, "karpenter"))) is None
    job = route(_record(space, kubernetes.labels(STACK, "database")))
    assert job == log_metrics.log_group(STACK, "dev")


def test_lines_of_pods_that_nobody_labelled_go_nowhere(route: Route) -> None:
    assert route(_record({}, kubernetes.labels(STACK, "serving"))) is None
    assert route(_record(kubernetes.labels(SERVICES, "stackyard-system"), {})) is None
    assert route({"log": "a line"}) is None
