"""What user data tells a kubelet: the formats of two operating systems."""

from __future__ import annotations

from stackyard_sandbox.cloud.node_config import NodeConfig, read

NODEADM = """\
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="//"

--//
Content-Type: text/x-shellscript; charset="us-ascii"

#!/bin/sh
true
--//
Content-Type: application/node.eks.aws

# Karpenter Generated NodeConfig
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster: {apiServerEndpoint: "https://example.test", name: dev}
  kubelet:
    config:
      maxPods: 58
      registerWithTaints:
      - {effect: NoExecute, key: karpenter.sh/unregistered}
      - {effect: NoSchedule, key: nvidia.com/gpu, value: "true"}
    flags:
    - --node-labels="karpenter.sh/nodepool=gpu,pool=gpu"

--//--
"""
BOTTLEROCKET = """\
[settings.kubernetes]
cluster-name = "dev"
[settings.kubernetes.node-labels]
'pool' = 'gpu'
[settings.kubernetes.node-taints]
'nvidia.com/gpu' = ['true:NoSchedule']
"""


def test_amazon_linux_reads_the_parts_of_an_archive() -> None:
    assert read(NODEADM) == NodeConfig(
        "dev",
        {"karpenter.sh/nodepool": "gpu", "pool": "gpu"},
        (
            {"key": "karpenter.sh/unregistered", "effect": "NoExecute"},
            {"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"},
        ),
    )


def test_bottlerocket_reads_its_settings() -> None:
    taint = {"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}
    assert read(BOTTLEROCKET) == NodeConfig("dev", {"pool": "gpu"}, (taint,))


def test_an_instance_that_is_told_of_no_cluster_joins_none() -> None:
    assert read("#!/bin/sh\necho hello\n") is None
    assert read("[settings.host]\nname = 'a'\n") is None
