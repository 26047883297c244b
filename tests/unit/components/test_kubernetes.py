"""What every Kubernetes object of a stack shares."""

import json

import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard.naming import StackId

STACK = StackId("vision", "defects", "prod")


def test_a_selector_is_a_part_of_the_labels_and_names_the_owner() -> None:
    labels = kubernetes.labels(STACK, "tracking", shadow_of="web")
    selector = kubernetes.selector(STACK, "tracking")
    assert selector.items() <= labels.items()
    assert labels["stackyard.dev/shadow-of"] == "web"
    assert selector["stackyard.dev/project"] == "defects"
    assert "app.kubernetes.io/managed-by" not in selector
    assert kubernetes.selector(STACK, "tracking", role="canary") != selector


def test_a_kubeconfig_signs_in_with_the_callers_identity_and_holds_no_secret() -> None:
    text = kubernetes.kubeconfig(
        cluster_name="prod", endpoint="https://127.0.0.1:1", ca="Y2E=", region="eu-west-1"
    )
    config = json.loads(text)
    context = config["contexts"][0]
    assert context["name"] == config["current-context"]
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:1"
    (user,) = config["users"]
    assert list(user["user"]) == ["exec"]
    plugin = user["user"]["exec"]
    assert plugin["command"] == "aws"
    assert plugin["args"][plugin["args"].index("--cluster-name") + 1] == "prod"
    assert plugin["interactiveMode"] == "Never"


def test_restricted_pods_may_be_given_a_user() -> None:
    pod = kubernetes.restricted_pod(user=1000)
    assert (pod.run_as_non_root, pod.run_as_user, pod.fs_group) == (True, 1000, 1000)
    assert kubernetes.restricted_pod().run_as_user is None


def test_a_manifest_is_what_the_api_reads_and_leaves_out_what_is_not_set() -> None:
    port = k8s.networking.v1.NetworkPolicyPortArgs(port="http", protocol="TCP")
    peer = k8s.networking.v1.NetworkPolicyPeerArgs(pod_selector=k8s.meta.v1.LabelSelectorArgs())
    rule = k8s.networking.v1.NetworkPolicyIngressRuleArgs(from_=[peer], ports=[port])
    policy = k8s.networking.v1.NetworkPolicySpecArgs(
        pod_selector=k8s.meta.v1.LabelSelectorArgs(match_labels={"match_labels": "kept"}),
        policy_types=["Ingress"],
        ingress=[rule],
    )
    assert kubernetes.manifest(policy) == {
        "podSelector": {"matchLabels": {"match_labels": "kept"}},
        "policyTypes": ["Ingress"],
        "ingress": [
            {"from": [{"podSelector": {}}], "ports": [{"port": "http", "protocol": "TCP"}]}
        ],
    }
