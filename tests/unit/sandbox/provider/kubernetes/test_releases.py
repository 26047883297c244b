"""Helm releases: what is checked, written, read and deleted, with an API server in memory."""

from __future__ import annotations

import copy
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stackyard.karpenter.component import CHART
from stackyard.karpenter.versions import VERSION
from stackyard_sandbox.provider.kubernetes import charts, configuration, releases
from stackyard_sandbox.provider.kubernetes.client import Resource
from stackyard_sandbox.provider.kubernetes.configuration import Settings
from stackyard_sandbox.provider.kubernetes.differences import differences
from stackyard_sandbox.provider.kubernetes.objects import Connection
from stackyard_sandbox.provider.kubernetes.records import decoded
from stackyard_sandbox.provider.kubernetes.releases import ReleaseOperation
from stackyard_sandbox.provider.protocol import UNKNOWN, Bag
from stackyard_sandbox.provider.server import NotReadyError, ProviderError

GIVEN = {"name": "definitions", "chart": CHART, "version": VERSION, "namespace": "system"}
ID, DRIVER = "system/definitions", "configmap"
DEFINITION = "/crds/pools.example.test"
RECORD = "/configmaps/system/sh.helm.release.v1.definitions.v1"


class Api:
    """Objects by path; a definition is established at once, or never."""

    def __init__(self, *, established: bool = True) -> None:
        self.objects: dict[str, Any] = {}
        self.established = established

    def resource(self, version: str, kind: str) -> Any:
        class Paths(Resource):
            def path(self, namespace: str | None, name: str = "") -> str:
                return "/".join(part for part in (self.base, namespace, name) if part)

        places = {"ConfigMap": "/configmaps", "Secret": "/secrets"}
        return Paths(places.get(kind, "/crds"), "", False)

    def get(self, path: str) -> Any:
        return copy.deepcopy(self.objects.get(path))

    def list(self, path: str, selector: str) -> list[Any]:
        wanted = dict(part.split("=") for part in selector.split(","))
        return [
            each
            for at, each in self.objects.items()
            if at.startswith(path) and wanted.items() <= each["metadata"]["labels"].items()
        ]

    def apply(self, path: str, body: Any, *, dry_run: bool, force: bool) -> Any:
        assert not dry_run
        live = copy.deepcopy(body)
        live["metadata"]["uid"] = path
        status = "True" if self.established else "False"
        if "spec" in live:
            live["status"] = {"conditions": [{"type": "Established", "status": status}]}
        self.objects[path] = live
        return live

    def delete(self, path: str, propagation: str) -> str | None:
        return path if self.objects.pop(path, None) else None


@pytest.fixture(autouse=True)
def chart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A chart of one definition."""
    file = tmp_path / "pools.yaml"
    file.write_text(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        "metadata: {name: pools.example.test, annotations: {made-by: controller-gen}}\n"
        "spec: {group: example.test}\n"
    )
    charts._definitions.cache_clear()
    monkeypatch.setattr(charts, "karpenter_definitions", lambda: [file])


def checked(**inputs: Any) -> dict[str, Any]:
    values = releases.completed({**GIVEN, **inputs}, None)
    assert releases.failures(values, DRIVER) == []
    return values


def operation(api: Any, values: dict[str, Any], driver: str = DRIVER) -> ReleaseOperation:
    settings = Settings(None, None, True, False, frozenset(), helm_driver=driver)
    return ReleaseOperation(Connection(settings, api), Bag(values), threading.Event())


def refused(driver: str = DRIVER, **inputs: Any) -> dict[str, str]:
    values = releases.completed({**GIVEN, **inputs}, None)
    return {one.path: one.reason for one in releases.failures(values, driver)}


def test_the_inputs_hold_what_the_chart_renders_and_an_unchanged_program_changes_none() -> None:
    values = checked(compat="true", atomic=False)
    key = "CustomResourceDefinition.apiextensions.k8s.io/apiextensions.k8s.io/v1"
    assert values["resourceNames"] == {key: ["pools.example.test"]}
    assert values["timeout"] == 300
    assert "compat" not in values
    assert differences(values, checked(compat="true", atomic=False)) == []
    changed = differences(values, checked(atomic=False, values={"additionalAnnotations": {}}))
    assert {str(one.path[0]) for one in changed} == {"values"}
    assert releases.replaces(changed) == []
    noted = checked(atomic=False, values={"additionalAnnotations": {"a": "b"}})
    assert noted["checksum"] != values["checksum"]
    moved = differences(values, checked(namespace="elsewhere"))
    assert [str(one) for one in releases.replaces(moved)] == ["namespace"]


@pytest.mark.parametrize(
    ("inputs", "path", "text"),
    [
        ({"version": "9.9.9"}, "chart", "karpenter-crd:9.9.9: not found"),
        ({"values": {"replicas": 2}}, "chart", "no value `replicas`"),
        ({"atomic": True}, "atomic", "cannot do this"),
        ({"skipAwait": True}, "skipAwait", "cannot do this"),
        ({"repositoryOpts": {"repo": "https://x.test"}}, "repositoryOpts", "cannot do this"),
        ({"name": None}, "name", "makes no name"),
        ({"timeout": "long"}, "timeout", "a whole number"),
        ({"chrat": CHART}, "chrat", "unknown property"),
    ],
)
def test_what_cannot_be_honoured_is_refused(inputs: dict[str, Any], path: str, text: str) -> None:
    assert text in refused(**inputs)[path]


def test_records_are_secrets_by_default_as_helm_keeps_them() -> None:
    api, values = Api(), checked()
    default = configuration.Settings(None, None, True, False, frozenset()).helm_driver
    operation(api, values, default).create(0)
    kept = api.objects["/secrets/system/sh.helm.release.v1.definitions.v1"]
    assert kept["type"] == "helm.sh/release.v1"
    assert decoded(kept, "Secret").status == "deployed"
    operation(api, values, default).delete(ID, 1)
    assert api.objects == {}


def test_records_elsewhere_are_refused() -> None:
    assert "no storage driver `sql`" in refused(driver="sql")["chart"]
    problems = dict(configuration.problems({"helmReleaseSettings": {"repositoryCache": "/x"}}))
    assert "no registry" in problems["helmReleaseSettings"]


def test_a_preview_with_unknown_inputs_asks_nothing() -> None:
    values = releases.completed({**GIVEN, "namespace": UNKNOWN}, None)
    assert releases.failures(values, DRIVER) == []
    assert "checksum" not in values


def test_an_installed_chart_is_recorded_as_helm_does_and_deleted_whole() -> None:
    api, values = Api(), checked()
    identity, state = operation(api, values).create(0)
    assert identity == ID
    assert state.values["status"]["status"] == "deployed"
    marks = api.objects[DEFINITION]["metadata"]
    assert marks["labels"] == {"app.kubernetes.io/managed-by": "Helm"}
    assert marks["annotations"] == {
        "made-by": "controller-gen",
        "meta.helm.sh/release-name": "definitions",
        "meta.helm.sh/release-namespace": "system",
    }
    assert api.objects[RECORD]["metadata"]["labels"]["status"] == "deployed"
    assert decoded(api.objects[RECORD]).objects[0]["spec"] == {"group": "example.test"}
    operation(api, values).delete(ID, 1)
    assert api.objects == {}
    with pytest.raises(ProviderError, match="release: not found"):
        operation(api, values).delete(ID, 1)


def test_a_refresh_reads_the_record_and_finds_no_change() -> None:
    api, values = Api(), checked()
    _, state = operation(api, values).create(0)
    found = operation(api, values).read(ID, state.values)
    assert found is not None
    assert (found[0].values, found[1].values) == (state.values, values)
    api.delete(RECORD, "")
    assert operation(api, values).read(ID, state.values) is None


def test_an_update_makes_a_revision_and_keeps_as_many_as_asked() -> None:
    api = Api()
    operation(api, checked()).create(0)
    for number in range(3):
        notes = {"additionalAnnotations": {"try": str(number)}}
        state = operation(api, checked(values=notes, maxHistory=2)).update(0)
    assert state.values["status"]["revision"] == 4
    assert api.objects[DEFINITION]["metadata"]["annotations"]["try"] == "2"
    kept = {at[-2:]: decoded(api.objects[at]).status for at in api.objects if at != DEFINITION}
    assert kept == {"v3": "superseded", "v4": "deployed"}


def test_a_release_that_was_left_half_way_is_not_upgraded() -> None:
    api, values = Api(), checked()
    operation(api, values).create(0)
    left = replace(decoded(api.objects[RECORD]), status="pending-install")
    api.objects[RECORD] = left.stored("ConfigMap")
    with pytest.raises(ProviderError, match="another operation"):
        operation(api, values).update(0)


def test_a_definition_of_somebody_else_is_not_taken_over() -> None:
    api = Api()
    api.objects[DEFINITION] = {"metadata": {"name": "pools.example.test"}}
    with pytest.raises(ProviderError, match="cannot be imported into the current release"):
        operation(api, checked()).create(0)
    assert list(api.objects) == [DEFINITION]


def test_a_release_whose_definition_is_never_established_is_there_and_failed() -> None:
    api, values = Api(established=False), checked(timeout=1)
    with pytest.raises(NotReadyError, match="not ready after 1 s") as caught:
        operation(api, values).create(0)
    assert caught.value.identity == ID
    assert decoded(api.objects[RECORD]).status == "failed"
    with pytest.raises(ProviderError, match="name that is still in use"):
        operation(api, values).create(0)
