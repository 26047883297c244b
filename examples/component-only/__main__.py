"""Datasets, a GPU pool and a model server in an ordinary Pulumi program: no stack files, no CLI.

Every part is a component of Stackyard; what they give each other are their outputs. Values that
differ by stack are Pulumi config: README.md lists them.
"""

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

import stackyard as sy

config = pulumi.Config()
account = config.require("account")
region = pulumi.Config("aws").require("region")
lab = sy.StackId("vision", "lab", "dev")

provider = aws.Provider(
    "aws",
    region=region,
    allowed_account_ids=[account],
    default_tags=aws.ProviderDefaultTagsArgs(tags={"owner": config.require("owner")}),
)
# Data and keys are protected unless the stack asks for less: `destroy` refuses to delete them.
kept = config.get_bool("protect", True)
settings = sy.RunSettings(protect=kept, force_delete=not kept)
opts = sy.ComponentOptions(settings, providers=[provider])

vault = sy.Vault(
    "vault",
    sy.VaultConfig(rotation_days=180, deletion_window_days=7),
    stage=lab.slug,
    account=account,
    region=region,
    admins=[],
    opts=opts,
)
context = sy.StackContext(
    stack=lab,
    account=account,
    region=region,
    key_arns=vault.key_arns,
    retention=sy.RetentionConfig(
        raw=sy.LifetimeConfig(expire_after_days=config.get_int("raw_days", 1095))
    ),
)
network = sy.Network(
    "network",
    sy.NetworkConfig(cidr="10.99.0.0/20", zones=2),
    prefix=lab.slug,
    account=account,
    region=region,
    logs_key_arn=vault.key_arns["logs"],
    opts=opts,
)
datasets = sy.DatasetStore(
    "datasets",
    sy.DatasetStoreConfig(
        datasets={
            "photos": sy.DatasetConfig(kind="raw", directories=["incoming"]),
            "labelled": sy.DatasetConfig(kind="curated"),
        }
    ),
    context=context,
    statements={},
    opts=opts,
)

cluster = sy.Cluster(
    "cluster",
    sy.ClusterConfig(system_nodes=sy.NodePoolConfig(min=1, max=2)),
    context=context,
    subnets=network.private_subnets,
    administrators=[config.require("administrator")],
    node_tags={"owner": config.require("owner")},
    opts=opts,
)
training = sy.GpuPoolConfig(instance_types=["g5.xlarge"], max=config.get_int("gpu_nodes", 2))
sy.GpuPool("training", training, pool="training", wiring=cluster.node_wiring, opts=opts)

inside = k8s.Provider(
    "cluster",
    kubeconfig=pulumi.Output.all(
        cluster.cluster_name, cluster.endpoint, cluster.certificate_authority
    ).apply(
        lambda parts: sy.kubeconfig(
            cluster_name=parts[0], endpoint=parts[1], ca=parts[2], region=region
        )
    ),
)
# Ordinary resources stand beside components, and take their outputs.
namespace = k8s.core.v1.Namespace(
    "lab", metadata={"name": lab.slug}, opts=pulumi.ResourceOptions(provider=inside)
)
server_account = k8s.core.v1.ServiceAccount(
    "server",
    metadata={"name": "server", "namespace": namespace.metadata.name},
    opts=pulumi.ResourceOptions(provider=inside),
)
servers = sy.ModelServers(
    "servers",
    sy.ServingConfig(
        models={
            "defects": sy.ModelServerConfig(
                release=sy.ReleaseConfig(version="defects/1", image="defects:1@sha256:" + 64 * "0"),
                replicas=sy.ReplicasConfig(min=2, max=2),
                gpu_pool="training",
            )
        }
    ),
    stack=lab,
    namespace=namespace.metadata.name,
    registry=f"{account}.dkr.ecr.{region}.amazonaws.com/{lab.team}/{lab.project}",
    region=region,
    pools={"training": sy.GpuContract("training", training).reference},
    opts=sy.ComponentOptions(settings, providers=[provider, inside], depends_on=[server_account]),
)

pulumi.export("buckets", datasets.bucket_ids)
pulumi.export("cluster", cluster.cluster_name)
pulumi.export("keys", vault.key_arns)
pulumi.export("models", servers.addresses)
pulumi.export("subnets", network.private_subnets)
pulumi.export("vpc", network.vpc_id)
