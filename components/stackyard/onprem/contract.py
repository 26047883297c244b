"""Clusters on premises: references to their GPU pools, and the AWS identity of their pods."""

from __future__ import annotations

import json
from typing import Any

from stackyard import iam
from stackyard.gpu.contract import POOL_LABEL, RESOURCE, TAINT_KEY
from stackyard.onprem.config import OnPremPoolConfig
from stackyard.references import GpuPoolRef

AUDIENCE = "sts.amazonaws.com"
"""Audience of the service account tokens; AWS STS accepts no other."""

TOKEN_FOLDER = "/var/run/secrets/stackyard"
"""Directory of a pod's service account token for AWS."""

LOCATION_TAG = "stackyard.place"
"""Tag of every run in MLflow: the cluster on which it ran."""

LOCATION = "place"
"""ConfigMap with the environment of pods: their cluster, region and AWS identity."""


def pool_ref(pool: str, config: OnPremPoolConfig) -> GpuPoolRef:
    """Return the reference to a pool; the scheduling settings are those of a pool in the cloud."""
    return GpuPoolRef(
        node_selector={POOL_LABEL: pool},
        taint_key=TAINT_KEY,
        taint_value=pool,
        resource=RESOURCE,
        gpus_per_node=config.gpus_per_node,
        max_gpus=config.gpus_per_node * config.nodes,
    )


def pod_trust(
    *, provider_arn: str, issuer: str, namespace: str, service_account: str
) -> dict[str, Any]:
    """Return the trust policy of a role for the pods of one service account on premises.

    Without the condition on `sub`, every pod of that cluster could assume it:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_secure-by-default.html.
    """
    name = issuer.removeprefix("https://")
    return iam.assumable_by(
        {"Federated": provider_arn},
        actions=("sts:AssumeRoleWithWebIdentity",),
        conditions={
            "StringEquals": {
                f"{name}:aud": AUDIENCE,
                f"{name}:sub": f"system:serviceaccount:{namespace}:{service_account}",
            }
        },
    )


def cloud_environment(region: str) -> dict[str, str]:
    """Return the environment of pods in the cloud; Pod Identity provides their credentials."""
    return {**_location("cloud"), **_region(region)}


def onprem_environment(cluster: str, region: str, role_arn: str) -> dict[str, str]:
    """Return the environment of pods on premises: AWS SDKs exchange their token for credentials.

    Source: https://docs.aws.amazon.com/sdkref/latest/guide/access-assume-role.html.
    """
    return {
        **_location(f"onprem-{cluster}"),
        **_region(region),
        "AWS_ROLE_ARN": role_arn,
        "AWS_WEB_IDENTITY_TOKEN_FILE": f"{TOKEN_FOLDER}/token",
    }


def _region(region: str) -> dict[str, str]:
    """Return the region under both names: boto3 reads only the second.

    Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html.
    """
    return {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}


def _location(name: str) -> dict[str, str]:
    """Return the name of the cluster, for programs and for MLflow's client.

    The client tags runs with the second variable, so programs need no code for it. Source:
    https://mlflow.org/docs/latest/api_reference/python_api/mlflow.environment_variables.html.
    """
    return {"STACKYARD_PLACE": name, "MLFLOW_RUN_CONTEXT": json.dumps({LOCATION_TAG: name})}
