"""A stack's explicit providers (account, region, cluster, default tags) and its run settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_aws as aws

from stackyard import tags
from stackyard.blueprints.config import StackConfig
from stackyard.contracts import FoundationContract, OnPremFacts
from stackyard.naming import StackId
from stackyard.run_settings import RunSettings

if TYPE_CHECKING:
    import pulumi_kubernetes as k8s


def run_settings(config: StackConfig) -> RunSettings:
    """Return the settings for components: the stage's `protection` and the permissions boundary."""
    protection = config.protection
    return RunSettings(
        protect=protection.protect,
        retain=protection.retain,
        force_delete=not protection.protect,
        permissions_boundary=config.boundary_arn,
    )


def aws_provider(stack: StackId, config: StackConfig) -> aws.Provider:
    """Create the stack's AWS provider; it refuses the credentials of another account."""
    return aws.Provider(
        "aws",
        region=config.region,
        allowed_account_ids=[config.account],
        default_tags=aws.ProviderDefaultTagsArgs(
            tags=tags.stack_tags(stack, config.owner, config.tags)
        ),
    )


def cluster_provider(foundation: FoundationContract) -> k8s.Provider:
    """Create the provider of the stage's cluster; it signs in with the caller's AWS identity.

    Conflicts are forced, so that `up` reverts manual changes, and the data of a ConfigMap is
    changed in place. Records of Helm releases are ConfigMaps, because previews read no Secrets.
    Source: https://www.pulumi.com/registry/packages/kubernetes/api-docs/provider/.
    """
    import pulumi_kubernetes as k8s  # slow; a foundation does not need it

    from stackyard import kubernetes

    return k8s.Provider(
        "cluster",
        kubeconfig=kubernetes.kubeconfig(
            cluster_name=foundation.cluster_name,
            endpoint=foundation.cluster_endpoint,
            ca=foundation.cluster_ca,
            region=foundation.region,
        ),
        enable_server_side_apply=True,
        enable_patch_force=True,
        enable_config_map_mutable=True,
        helm_release_settings=k8s.HelmReleaseSettingsArgs(driver="configmap"),
    )


def onprem_provider(cluster: str, facts: OnPremFacts) -> k8s.Provider:
    """Create the provider of an on-premises cluster; state has its kubeconfig's path, not its text.

    Source: https://www.pulumi.com/registry/packages/kubernetes/api-docs/provider/.
    """
    import pulumi_kubernetes as k8s

    return k8s.Provider(
        f"onprem-{cluster}",
        kubeconfig=facts.kubeconfig,
        context=facts.context,
        enable_server_side_apply=True,
        enable_patch_force=True,
        enable_config_map_mutable=True,
    )
