"""The contract with the SDK's internals that `stackyard.pulumi_internals` relies on."""

from __future__ import annotations

import pulumi_aws as aws
import pulumi_kubernetes as k8s

from stackyard.pulumi_internals import to_dict


def test_arguments_become_the_names_that_the_engine_receives_at_any_depth() -> None:
    peer = k8s.networking.v1.NetworkPolicyPeerArgs(pod_selector=k8s.meta.v1.LabelSelectorArgs())
    rule = k8s.networking.v1.NetworkPolicyIngressRuleArgs(from_=[peer])
    assert to_dict({"rules": (rule,)}) == {"rules": [{"from": [{"podSelector": {}}]}]}


def test_other_values_and_keys_of_plain_maps_stay() -> None:
    assert to_dict({"match_labels": {"a_b": 1}, "on": None}) == {
        "match_labels": {"a_b": 1},
        "on": None,
    }


def test_arguments_of_every_provider_are_known() -> None:
    block = aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled", mfa_delete="Off")
    assert to_dict(block) == {"status": "Enabled", "mfaDelete": "Off"}
