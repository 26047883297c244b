"""What follows from a cluster on premises: pools as in the cloud, and who its pods are to AWS."""

from __future__ import annotations

import json
from typing import Any

from stackyard import iam
from stackyard.contracts import GpuPoolFacts
from stackyard.gpu.contract import POOL_LABEL, RESOURCE, TAINT_KEY
from stackyard.onprem.config import OnPremPoolConfig

AUDIENCE = "sts.amazonaws.com"
"""Whom the tokens are for; AWS takes no others."""

TOKEN_FOLDER = "/var/run/secrets/stackyard"
"""Where pods find a token of their service account for AWS."""

PLACE_TAG = "stackyard.place"
"""Tag of every run in MLflow: the cluster that it ran on."""

PLACE = "place"
"""ConfigMap that tells pods which cluster they are on, and what they need to know there."""


def pool_facts(pool: str, config: OnPremPoolConfig) -> GpuPoolFacts:
    """Return what workloads must carry to land on the pool: the same as in the cloud."""
    return GpuPoolFacts(
        version=GpuPoolFacts.VERSION,
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

    Without the `sub` condition every pod of that cluster could take it:
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


def cloud_place(region: str) -> dict[str, str]:
    """Return what pods in the cloud are told; their credentials come by Pod Identity."""
    return {**_place("cloud"), **_region(region)}


def onprem_place(cluster: str, region: str, role_arn: str) -> dict[str, str]:
    """Return what pods on premises are told: every AWS SDK trades their token for credentials.

    Source: https://docs.aws.amazon.com/sdkref/latest/guide/access-assume-role.html.
    """
    return {
        **_place(f"onprem-{cluster}"),
        **_region(region),
        "AWS_ROLE_ARN": role_arn,
        "AWS_WEB_IDENTITY_TOKEN_FILE": f"{TOKEN_FOLDER}/token",
    }


def _region(region: str) -> dict[str, str]:
    """Return it under both names: boto3 reads the second only.

    Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html.
    """
    return {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}


def _place(name: str) -> dict[str, str]:
    """Return what says where a pod is, to programs and to MLflow's client.

    The client tags runs with what this variable holds, so that programs need not know of places.
    Source: https://mlflow.org/docs/latest/api_reference/python_api/mlflow.environment_variables.html.
    """
    return {"STACKYARD_PLACE": name, "MLFLOW_RUN_CONTEXT": json.dumps({PLACE_TAG: name})}
