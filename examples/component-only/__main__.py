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
    sy.ClusterConfig(),
    context=context,
    subnets=network.private_subnets,
    administrators=[config.require("administrator")],
    node_tags={"owner": config.require("owner")},
    opts=opts,
)
inside = k8s.Provider(
    "cluster",
    kubeconfig=pulumi.Output.all(
        cluster.cluster_name, cluster.endpoint, cluster.certificate_authority
    ).apply(
        lambda parts: sy.kubeconfig(
            cluster_name=parts[0], endpoint=parts[1], ca=parts[2], region=region
        )
    ),
    # Karpenter's definitions are a Helm release, and who previews may read no Secrets.
    helm_release_settings=k8s.HelmReleaseSettingsArgs(driver="configmap"),
)
in_cluster = sy.ComponentOptions(settings, providers=[provider, inside])

# Karpenter, and a pool in which it makes GPU nodes for pods that wait for one.
subnets = list(network.private_subnets.values())
reference = sy.ClusterApiRef(
    name=lab.slug,
    account=account,
    region=region,
    endpoint=cluster.endpoint,
    certificate_authority=cluster.certificate_authority,
    subnets=subnets,
    security_group=cluster.security_group,
    vpc_id=network.vpc_id,
)
system = sy.SystemNamespace(
    "system", stack=lab, namespace="karpenter", level="restricted", pods=10, opts=in_cluster
)
karpenter = sy.Karpenter(
    "karpenter",
    stack=lab,
    wiring=sy.ControllerWiring(reference, cluster.node_role_arn),
    namespace=system.namespace,
    namespace_name="karpenter",
    image="public.ecr.aws/karpenter/controller:1.13.1",
    opts=in_cluster,
)
training = sy.GpuPoolConfig(
    instance_types=["g5.xlarge"], limits=sy.GpuLimitsConfig(gpus=config.get_int("gpus", 2))
)
# The device plugin, without which nodes offer their GPUs to no pod, mounts the kubelet's directory.
plugins = sy.SystemNamespace(
    "gpu", stack=lab, namespace="gpu", level="privileged", pods=100, opts=in_cluster
)
pool = sy.GpuPool(
    "training",
    training,
    pool="training",
    device_plugin=sy.DevicePluginWiring(
        plugins.namespace, "nvcr.io/nvidia/k8s-device-plugin:v0.17.1"
    ),
    wiring=sy.PoolWiring(
        stack=lab,
        nodes=sy.NodeWiring(
            cluster.node_instance_profile,
            subnets,
            cluster.security_group,
            tags={"owner": config.require("owner")},
        ),
        images=sy.NodeImagesConfig(),
        ready=[karpenter.controller],
    ),
    opts=in_cluster,
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
                startup_timeout_seconds=120,
            )
        }
    ),
    stack=lab,
    namespace=namespace.metadata.name,
    registry=f"{account}.dkr.ecr.{region}.amazonaws.com/{lab.team}/{lab.project}",
    region=region,
    pools={"training": sy.GpuContract("training", training).reference},
    opts=sy.ComponentOptions(
        settings, providers=[provider, inside], depends_on=[server_account, pool]
    ),
)

pulumi.export("buckets", datasets.bucket_ids)
pulumi.export("cluster", cluster.cluster_name)
pulumi.export("keys", vault.key_arns)
pulumi.export("models", servers.addresses)
pulumi.export("subnets", network.private_subnets)
pulumi.export("vpc", network.vpc_id)
