"""What the provider accepts: kinds, properties, types, names, provider settings."""

import json
import subprocess
import sys
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from stackyard_sandbox.provider.kubernetes import configuration, inputs
from stackyard_sandbox.provider.kubernetes.kinds import kind_of
from stackyard_sandbox.provider.protocol import UNKNOWN, Bag
from stackyard_sandbox.provider.server import ProviderError

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SPEC: dict[str, Any] = {
    "selector": {"matchLabels": {"a": "b"}},
    "template": {"spec": {"containers": [{"name": "a"}]}},
}


def mistakes(token: str, values: dict[str, Any]) -> dict[str, str]:
    kind = kind_of(token)
    found = inputs.failures(kind, inputs.completed(kind, values))
    return {failure.path: failure.reason for failure in found}


@pytest.mark.parametrize(
    ("token", "api_version", "name", "typed"),
    [
        ("kubernetes:core/v1:Secret", "v1", "Secret", True),
        (DEPLOYMENT, "apps/v1", "Deployment", True),
        ("kubernetes:policy/v1:PodDisruptionBudget", "policy/v1", "PodDisruptionBudget", True),
        ("kubernetes:storage.k8s.io/v1:CSIDriver", "storage.k8s.io/v1", "CSIDriver", True),
        ("kubernetes:kueue.x-k8s.io/v1beta1:Queue", "kueue.x-k8s.io/v1beta1", "Queue", False),
        ("kubernetes:batch.volcano.sh/v1:Job", "batch.volcano.sh/v1", "Job", False),
    ],
)
def test_tokens(token: str, api_version: str, name: str, typed: bool) -> None:
    kind = kind_of(token)
    assert (kind.api_version, kind.name) == (api_version, name)
    assert (kind.arguments is not None) == typed


@pytest.mark.parametrize(
    ("token", "text"),
    [
        ("kubernetes:apps/v1:Deploymint", "did you mean `Deployment`"),
        ("kubernetes:apps/v1:DeploymentPatch", "by its own type (Deployment)"),
        ("kubernetes:core/v1:ConfigMapList", "by its own type (ConfigMap)"),
        ("kubernetes:helm.sh/v4:Chart", "declare the Kubernetes objects themselves"),
        ("kubernetes:yaml/v2:ConfigFile", "declare the Kubernetes objects themselves"),
    ],
)
def test_refused_tokens(token: str, text: str) -> None:
    with pytest.raises(ProviderError, match=text.replace("(", r"\(").replace(")", r"\)")):
        kind_of(token)


def test_right_inputs_pass() -> None:
    assert mistakes(DEPLOYMENT, {"metadata": {"labels": {"a": "b"}}, "spec": SPEC}) == {}
    assert mistakes(DEPLOYMENT, {"metadata": UNKNOWN, "spec": UNKNOWN}) == {}
    port = {"port": 80, "targetPort": "web"}
    assert mistakes("kubernetes:core/v1:Service", {"spec": {"ports": [port]}}) == {}
    assert mistakes("kubernetes:core/v1:Service", {"spec": {"ports": [{"port": 80}]}}) == {}


def test_a_definition_is_taken_as_its_author_wrote_it() -> None:
    rules = [{"rule": "self == oldSelf", "message": "cannot change"}]
    whole = {"type": "object", "x-kubernetes-validations": rules}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": whole}}
    names = {"kind": "Pool", "plural": "pools"}
    token = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
    spec = {"group": "example.test", "names": names, "scope": "Cluster", "versions": [version]}
    assert mistakes(token, {"spec": spec}) == {}
    whole["x-kubernetes-validation"] = rules
    (reason,) = mistakes(token, {"spec": spec}).values()
    assert reason.startswith("unknown property")


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"replica": 1}, "spec.replica", "did you mean `replicas`"),
        ({"min_ready_seconds": 1}, "spec.min_ready_seconds", "did you mean `minReadySeconds`"),
        ({"replicas": "1"}, "spec.replicas", "must be a whole number (got a string)"),
        ({"replicas": True}, "spec.replicas", "must be a whole number (got true or false)"),
        ({"paused": "yes"}, "spec.paused", "must be true or false (got a string)"),
        ({"strategy": []}, "spec.strategy", "must be a map (got a list)"),
        ({"template": {"spec": {}}}, "spec.template.spec.containers", "is required"),
        (
            {"selector": {"matchLabels": {"a/b": 1}}},
            'spec.selector.matchLabels["a/b"]',
            "must be a string (got a whole number)",
        ),
    ],
)
def test_wrong_inputs_are_told_with_their_path(
    change: dict[str, Any], path: str, reason: str
) -> None:
    found = mistakes(DEPLOYMENT, {"spec": {**SPEC, **change}})
    assert list(found) == [path]
    assert reason in found[path]


def test_a_ports_number_may_be_a_name_but_nothing_else() -> None:
    found = mistakes("kubernetes:core/v1:Service", {"spec": {"ports": [{"targetPort": True}]}})
    assert "spec.ports[0].port" in found
    assert "whole number or a string" in found["spec.ports[0].targetPort"]


def test_another_kind_than_the_token_says_is_refused() -> None:
    assert "must be `Deployment`" in mistakes(DEPLOYMENT, {"kind": "Pod", "spec": SPEC})["kind"]
    wrong = {"kind": "Other", "metadata": {}, "anything": 1}
    assert list(mistakes("kubernetes:a.example/v1:Thing", wrong)) == ["kind"]


def request(**fields: Any) -> provider_pb2.CheckRequest:
    return provider_pb2.CheckRequest(urn=f"urn:pulumi:dev::p::{DEPLOYMENT}::web", **fields)


def test_names_are_made_kept_and_reproduced() -> None:
    values: dict[str, Any] = {"metadata": {}}
    again: dict[str, Any] = {"metadata": {}}
    assert inputs.name(request(randomSeed=b"1"), values, {}) is None
    assert values["metadata"]["name"].startswith("web-")
    assert len(values["metadata"]["name"]) == len("web-") + 8
    inputs.name(request(randomSeed=b"1"), again, {})
    assert again == values
    kept: dict[str, Any] = {"metadata": {}}
    inputs.name(request(randomSeed=b"2"), kept, values)
    assert kept == values
    chosen: dict[str, Any] = {"metadata": {"name": "mine"}}
    inputs.name(request(), chosen, values)
    assert chosen == {"metadata": {"name": "mine"}}


def test_the_engine_may_propose_a_name_or_forbid_one() -> None:
    modes = provider_pb2.CheckRequest.AutonamingOptions
    values: dict[str, Any] = {"metadata": {}}
    proposed = modes(proposed_name="web-dev", mode=modes.PROPOSE)
    inputs.name(request(autonaming=proposed), values, {})
    assert values["metadata"]["name"] == "web-dev"
    disabled = modes(mode=modes.DISABLE)
    failure = inputs.name(request(autonaming=disabled), {"metadata": {}}, {})
    assert failure is not None
    assert failure.path == "metadata.name"


def test_data_of_a_secret_is_secret_however_it_was_given() -> None:
    bag = Bag({"data": {"a": "eA=="}, "type": "Opaque"})
    assert inputs.mark_secrets(kind_of("kubernetes:core/v1:Secret"), bag).secrets == {"data"}
    bag = Bag({"data": {"a": "x"}})
    assert inputs.mark_secrets(kind_of("kubernetes:core/v1:ConfigMap"), bag).secrets == set()


def kubeconfig(server: str = "https://127.0.0.1:6443", **user: Any) -> dict[str, Any]:
    return {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "n"}}],
        "current-context": "x",
    }


def test_kubeconfigs_in_every_form(tmp_path: Any) -> None:
    config = kubeconfig(token="t")
    path = tmp_path / "config"
    path.write_text(json.dumps(config))
    for form in (config, json.dumps(config), str(path)):
        settings = configuration.settings({"kubeconfig": form})
        assert settings.access is not None
        assert (settings.access.server, settings.access.token) == ("https://127.0.0.1:6443", "t")
        assert settings.namespace == "n"
    assert configuration.settings({"kubeconfig": UNKNOWN}).access is None


@pytest.mark.parametrize(
    "server",
    ["https://10.0.0.1:6443", "https://ABC.gr7.eu-west-1.eks.amazonaws.com", "", "https://[::2]"],
)
def test_servers_elsewhere_are_refused(server: str) -> None:
    problems = configuration.problems({"kubeconfig": kubeconfig(server)})
    assert [key for key, _ in problems] == ["kubeconfig"]
    assert "on this machine only" in problems[0][1]


def test_the_exec_plug_in_of_eks_and_no_other() -> None:
    words = ["--region", "eu-west-1", "eks", "get-token", "--cluster-name", "c", "--role-arn", "r"]
    plugin = {"command": "aws", "args": words}
    access = configuration.settings({"kubeconfig": kubeconfig(exec=plugin)}).access
    assert access is not None
    assert access.eks == configuration.EksUser("c", "eu-west-1", "r")
    with pytest.raises(ProviderError, match="as exec plug-in only"):
        configuration.settings({"kubeconfig": kubeconfig(exec={"command": "sh", "args": ["-c"]})})


def test_settings_are_those_of_the_sdk_that_the_sandbox_can_honour() -> None:
    good = {"kubeconfig": kubeconfig(), "suppressDeprecationWarnings": True}
    assert configuration.problems(good) == []
    found = dict(configuration.problems({**good, "enablePatchForced": True}))
    assert "did you mean `enablePatchForce`" in found["enablePatchForced"]
    found = dict(configuration.problems({**good, "renderYamlToDirectory": "out"}))
    assert "applies on the server" in found["renderYamlToDirectory"]


LOADED_AT_ONCE = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from stackyard_sandbox.provider.kubernetes import schema
from stackyard_sandbox.provider.kubernetes.kinds import kind_of

sys.setswitchinterval(1e-5)
tokens = [f"kubernetes:{token}" for token in (
    "core/v1:Namespace", "core/v1:LimitRange", "networking.k8s.io/v1:NetworkPolicy",
    "apps/v1:Deployment", "batch/v1:Job", "rbac.authorization.k8s.io/v1:Role",
)]
together = threading.Barrier(len(tokens))

def look(token):
    together.wait()
    schema.check({"metadata": {"name": "x"}, "spec": {}}, kind_of(token).arguments)

with ThreadPoolExecutor(len(tokens)) as pool:
    list(pool.map(look, tokens))
"""


def test_kinds_that_are_asked_for_at_once_are_all_found() -> None:
    """In a process where none is loaded: the provider has just started."""
    command = [sys.executable, "-c", LOADED_AT_ONCE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
