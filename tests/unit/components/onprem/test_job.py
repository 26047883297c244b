"""A job's manifest and what clusters on premises share with the cloud."""

from __future__ import annotations

import signal
from typing import Any

import pytest
import yaml

from stackyard.gpu.config import GpuLimitsConfig, GpuPoolConfig
from stackyard.gpu.contract import GpuContract
from stackyard.naming import StackId
from stackyard.onprem import contract
from stackyard.onprem.config import OnPremPoolConfig, TrainingJobConfig
from stackyard.onprem.job import PlacementError, manifest

STACK = StackId("vision", "defects", "dev")
CLOUD = GpuContract(
    "training", GpuPoolConfig(instance_types=["g5.xlarge"], limits=GpuLimitsConfig(gpus=4))
).reference
BERLIN = contract.pool_ref("training", OnPremPoolConfig(gpus_per_node=8, nodes=2))
JOB: dict[str, Any] = {
    "image": "vision/defects/train:1",
    "command": ["python", "-m", "train", '--note={{"a": 1}}'],
    "gpus": 1,
    "gpu_pool": "training",
}


def rendered(pool: Any = CLOUD, *, queued: bool = False, **changes: Any) -> dict[str, Any]:
    job = TrainingJobConfig.model_validate({**JOB, **changes})
    text = manifest(STACK, "fit", job, registry="registry.example", queued=queued, pool=pool)
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def test_one_manifest_is_for_every_cluster_that_has_the_pool() -> None:
    assert rendered(CLOUD) == rendered(BERLIN)


EFA_POOL = GpuContract(
    "training",
    GpuPoolConfig(instance_types=["p4d.24xlarge"], limits=GpuLimitsConfig(gpus=16), efa=True),
).reference


def test_a_job_asks_for_the_interfaces_of_a_pool_that_has_them() -> None:
    (container,) = rendered(EFA_POOL, gpus=8, efa=4)["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["vpc.amazonaws.com/efa"] == "4"
    assert {"name": "FI_EFA_USE_HUGE_PAGE", "value": "0"} in container["env"]
    without = str(rendered(EFA_POOL, gpus=8))
    assert "vpc.amazonaws.com/efa" not in without
    assert "FI_EFA" not in without


def test_a_job_that_asks_for_more_interfaces_than_a_node_offers_is_refused() -> None:
    with pytest.raises(PlacementError, match="asks for 5, and a node of `training` offers 4"):
        rendered(EFA_POOL, gpus=8, efa=5)
    with pytest.raises(PlacementError, match="offers 0"):
        rendered(CLOUD, efa=1)


def test_a_job_waits_for_a_queue_only_where_there_are_queues() -> None:
    job = rendered()
    assert "suspend" not in job["spec"]
    assert not [label for label in job["metadata"]["labels"] if "kueue" in label]
    queued = rendered(queued=True)
    assert queued["spec"].pop("suspend") is True
    assert queued["metadata"]["labels"].pop("kueue.x-k8s.io/queue-name") == "default"
    assert queued == job


def test_words_of_the_command_arrive_as_they_are_written() -> None:
    (container,) = rendered()["spec"]["template"]["spec"]["containers"]
    assert container["command"] == JOB["command"]


def test_a_secret_is_a_file_of_a_read_only_volume() -> None:
    pod = rendered(mounts=["camera-api"])["spec"]["template"]["spec"]
    assert pod["volumes"][-1] == {
        "name": "secret-camera-api",
        "csi": {
            "driver": "secrets-store.csi.k8s.io",
            "readOnly": True,
            "volumeAttributes": {"secretProviderClass": "camera-api"},
        },
    }
    mount = {"name": "secret-camera-api", "mountPath": "/mnt/secrets/camera-api", "readOnly": True}
    assert pod["containers"][0]["volumeMounts"][-1] == mount


def test_without_gpus_a_job_names_no_pool() -> None:
    pod = rendered(None, gpus=0, gpu_pool=None)["spec"]["template"]["spec"]
    assert "nodeSelector" not in pod
    assert "nvidia.com/gpu" not in pod["containers"][0]["resources"]["limits"]


def test_a_pod_that_no_node_can_hold_is_refused() -> None:
    with pytest.raises(PlacementError, match="asks for 2, and a node of `training` has 1"):
        rendered(CLOUD, gpus=2)
    assert rendered(BERLIN, gpus=2)


def test_a_pool_on_premises_has_the_label_and_taint_of_the_cloud_pool() -> None:
    same = ("node_selector", "taint_key", "taint_value", "resource")
    assert [getattr(BERLIN, name) for name in same] == [getattr(CLOUD, name) for name in same]


def test_a_role_is_for_one_service_account_of_one_issuer() -> None:
    trust = contract.pod_trust(
        provider_arn="arn:aws:iam::123456789012:oidc-provider/oidc.example/berlin",
        issuer="https://oidc.example/berlin",
        namespace="vision-defects-dev",
        service_account="trainer",
    )
    (statement,) = trust["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {
            "oidc.example/berlin:aud": "sts.amazonaws.com",
            "oidc.example/berlin:sub": "system:serviceaccount:vision-defects-dev:trainer",
        }
    }


def test_what_pods_are_told_on_premises_points_at_the_token_that_the_job_mounts() -> None:
    told = contract.onprem_environment("berlin", "eu-central-1", "arn:role")
    pod = rendered()["spec"]["template"]["spec"]
    (mounted,) = (v for v in pod["containers"][0]["volumeMounts"] if v["name"] == "token")
    (volume,) = (each for each in pod["volumes"] if each["name"] == "token")
    (source,) = volume["projected"]["sources"]
    path = f"{mounted['mountPath']}/{source['serviceAccountToken']['path']}"
    assert told["AWS_WEB_IDENTITY_TOKEN_FILE"] == path
    assert source["serviceAccountToken"]["audience"] == "sts.amazonaws.com"


def test_pods_of_a_training_share_memory_beyond_64_mebibytes() -> None:
    """PyTorch's loaders pass batches through /dev/shm; the volume counts in the pod's memory."""
    pod = rendered()["spec"]["template"]["spec"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    (mounted,) = (
        volumes[mount["name"]]
        for mount in pod["containers"][0]["volumeMounts"]
        if mount["mountPath"] == "/dev/shm"
    )
    assert mounted["emptyDir"] == {"medium": "Memory"}


def test_an_evicted_pod_is_no_failure_of_a_training() -> None:
    job = rendered(retries=0)["spec"]
    evicted, ended = job["podFailurePolicy"]["rules"]
    assert evicted == {
        "action": "Ignore",
        "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
    }
    # Karpenter deletes a job's pod on a spot node that goes, which sets no condition.
    by_sigterm = 128 + signal.SIGTERM
    assert ended["action"] == "Ignore"
    assert ended["onExitCodes"] == {"operator": "In", "values": [by_sigterm]}
    assert job["template"]["spec"]["restartPolicy"] == "Never"


def test_no_autoscaler_moves_a_training_to_save_a_node() -> None:
    annotations = rendered()["spec"]["template"]["metadata"]["annotations"]
    assert annotations["karpenter.sh/do-not-disrupt"] == "true"
