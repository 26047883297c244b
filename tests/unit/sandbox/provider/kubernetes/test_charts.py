"""The charts of the sandbox: what is here, what is not, and that they are the release's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from stackyard.karpenter.component import CHART
from stackyard.karpenter.versions import VERSION
from stackyard_sandbox.provider.kubernetes import charts
from stackyard_sandbox.provider.server import ProviderError
from tests.support.go_modules import karpenter

ACTION = re.compile(r"(?m)^ *\{\{-? ?(.*?) ?\}\}\n")


@pytest.fixture
def definitions(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that the toolchain keeps of the release."""
    files = sorted((karpenter() / "pkg/apis/crds").glob("*.yaml"))
    charts._definitions.cache_clear()
    monkeypatch.setattr(charts, "karpenter_definitions", lambda: files)
    return files


def test_the_chart_of_the_definitions_is_what_its_templates_make(definitions: list[Path]) -> None:
    """Its templates hold three actions, all about annotations; nothing else could differ."""
    notes = {"team": "platform"}
    rendered = {
        each["metadata"]["name"]: each
        for each in charts.find(CHART, VERSION).rendered({charts.ANNOTATIONS: notes})
    }
    templates = sorted((karpenter() / "charts/karpenter-crd/templates").iterdir())
    assert [file.name for file in templates] == [file.name for file in definitions]
    values = yaml.safe_load((karpenter() / "charts/karpenter-crd/values.yaml").read_text())
    assert list(values) == [charts.ANNOTATIONS]
    for file in templates:
        text = file.read_text()
        assert ACTION.findall(text) == [
            "with .Values.additionalAnnotations",
            "toYaml . | nindent 4",
            "end",
        ]
        assert "{{" not in ACTION.sub("", text)
        made = yaml.safe_load(ACTION.sub("", text))
        made["metadata"]["annotations"].update(notes)
        assert rendered.pop(made["metadata"]["name"]) == made
    assert rendered == {}


def test_the_release_is_published_in_the_version_of_its_tag() -> None:
    """The chart in the module names an older version; the script that publishes writes it."""
    script = (karpenter() / "hack/release/common.sh").read_text()
    assert 'publishHelmChart "${oci_repo}" "karpenter-crd" "${helm_chart_version}"' in script
    assert 'helm_chart_version="${version}"' in script
    assert 'yq e -i ".version = \\"${version}\\"" "charts/${helm_chart}/Chart.yaml"' in script


@pytest.mark.parametrize(
    ("reference", "version", "text"),
    [
        (CHART, "1.12.1", "karpenter-crd:1.12.1: not found; the sandbox has karpenter-crd"),
        (CHART, None, "karpenter-crd without a version: not found"),
        ("oci://public.ecr.aws/karpenter/karpenter", VERSION, f"karpenter:{VERSION}: not found"),
        ("karpenter-crd", VERSION, "charts of OCI registries only (got 'karpenter-crd')"),
        ("./charts/karpenter-crd", VERSION, "charts of OCI registries only"),
    ],
)
def test_a_chart_that_is_not_here_is_not_found(
    reference: str, version: str | None, text: str
) -> None:
    with pytest.raises(ProviderError, match=re.escape(text)):
        charts.find(reference, version)


def test_a_mirror_has_the_same_chart() -> None:
    assert charts.find("oci://registry.example.test:5000/mirror/karpenter-crd", VERSION)


@pytest.mark.usefixtures("definitions")
def test_a_value_that_the_chart_does_not_have_is_refused() -> None:
    values: dict[str, Any] = {"webhook": {"enabled": True}}
    with pytest.raises(ProviderError, match="has no value `webhook`"):
        charts.find(CHART, VERSION).rendered(values)
