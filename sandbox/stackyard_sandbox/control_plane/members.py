"""Builds the command line of each process of a control plane.

Flags are documented at kubernetes.io/docs/reference/command-line-tools-reference and
etcd.io/docs/latest/op-guide/configuration. Members listen on loopback only.
"""

from stackyard_sandbox.control_plane.layout import Layout, Ports
from stackyard_sandbox.processes import LOOPBACK
from stackyard_sandbox.toolchain import kwok_stages, tool

STORE = ("etcd",)
SERVER = ("kube-apiserver",)
WORKERS = ("kube-controller-manager", "kube-scheduler", "kwok")
MEMBERS = (*STORE, *SERVER, *WORKERS)

DEFAULT_ISSUER = "https://kubernetes.default.svc.cluster.local"
SERVICE_RANGE = "10.96.0.0/16"

# Without clouds, kubelets and certificate requests, half of the controllers have no work but
# need memory for caches. The protection controllers stay: admission adds their finalizers in any
# case, and without them no volume claim is ever deleted.
CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "daemonset-controller",
    "deployment-controller",
    "disruption-controller",
    "endpoints-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "horizontal-pod-autoscaler-controller",
    "job-controller",
    "namespace-controller",
    "node-lifecycle-controller",
    "persistentvolume-binder-controller",
    "persistentvolume-protection-controller",
    "persistentvolumeclaim-protection-controller",
    "pod-garbage-collector-controller",
    "replicaset-controller",
    "resourcequota-controller",
    "root-ca-certificate-publisher-controller",
    "service-cidr-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "statefulset-controller",
    "taint-eviction-controller",
    "ttl-after-finished-controller",
    "validatingadmissionpolicy-status-controller",
)


def commands(layout: Layout, ports: Ports, issuer: str, *, webhook: bool) -> dict[str, list[str]]:
    """Return the command line of every member."""
    return {
        "etcd": _etcd(layout, ports),
        "kube-apiserver": _api_server(layout, ports, issuer, webhook=webhook),
        "kube-controller-manager": _controller_manager(layout),
        "kube-scheduler": _scheduler(layout),
        "kwok": _kwok(layout),
    }


def _etcd(layout: Layout, ports: Ports) -> list[str]:
    keys = layout.certificates
    clients, peers = (f"https://{LOOPBACK}:{port}" for port in (ports.etcd, ports.etcd_peer))
    command = [
        str(tool("etcd")),
        f"--name={layout.name}",
        f"--data-dir={layout.etcd_data}",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster={layout.name}={peers}",
        # Objects survive a killed process, not a power failure: the cluster can be created again.
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]
    # Other users of this machine can connect to the port, and etcd contains every Secret.
    for of in ("", "peer-"):
        command += [
            f"--{of}client-cert-auth",
            f"--{of}trusted-ca-file={keys.ca}",
            f"--{of}cert-file={keys.leaf}",
            f"--{of}key-file={keys.leaf_key}",
        ]
    return command


def _api_server(layout: Layout, ports: Ports, issuer: str, *, webhook: bool) -> list[str]:
    keys = layout.certificates
    command = [
        str(tool("kube-apiserver")),
        f"--etcd-servers=https://{LOOPBACK}:{ports.etcd}",
        f"--etcd-cafile={keys.ca}",
        f"--etcd-certfile={keys.leaf}",
        f"--etcd-keyfile={keys.leaf_key}",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={ports.api}",
        f"--tls-cert-file={keys.leaf}",
        f"--tls-private-key-file={keys.leaf_key}",
        # A machine without a default route has no address to advertise and the server would not
        # start. Nothing ever connects to this one (RFC 5737): no endpoints are written.
        "--advertise-address=192.0.2.1",
        "--endpoint-reconciler-type=none",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--anonymous-auth=false",
        f"--token-auth-file={layout.tokens_file}",
        "--authorization-mode=Node,RBAC",
        f"--service-account-issuer={issuer}",
        f"--service-account-key-file={keys.service_account_key}",
        f"--service-account-signing-key-file={keys.service_account_key}",
        # Device plugins and telemetry of GPUs are privileged pods.
        "--allow-privileged=true",
        f"--audit-policy-file={layout.audit_policy_file}",
        f"--audit-log-path={layout.audit_log}",
        "--audit-log-maxsize=20",
        "--audit-log-maxbackup=1",
        "--profiling=false",
    ]
    if webhook:
        command += [
            f"--authentication-token-webhook-config-file={layout.webhook_file}",
            "--authentication-token-webhook-version=v1",
            # A role without access is then refused after a second, not after two minutes.
            "--authentication-token-webhook-cache-ttl=1s",
        ]
    return command


def _controller_manager(layout: Layout) -> list[str]:
    keys = layout.certificates
    return [
        str(tool("kube-controller-manager")),
        f"--kubeconfig={layout.kubeconfig('system:kube-controller-manager')}",
        f"--controllers={','.join(CONTROLLERS)}",
        f"--root-ca-file={keys.ca}",
        f"--service-account-private-key-file={keys.service_account_key}",
        "--leader-elect=false",
        "--secure-port=0",
        "--profiling=false",
        # The default of 20 requests a second is for clusters with other users.
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        # Kwok renews a node's status every ten to twenty minutes; with the default of 50 seconds a
        # node is not ready in between, and its pods stay not ready, because there is no kubelet.
        "--node-monitor-grace-period=24h",
    ]


def _scheduler(layout: Layout) -> list[str]:
    return [
        str(tool("kube-scheduler")),
        f"--kubeconfig={layout.kubeconfig('system:kube-scheduler')}",
        "--leader-elect=false",
        "--secure-port=0",
        "--profiling=false",
    ]


def _kwok(layout: Layout) -> list[str]:
    return [
        str(tool("kwok")),
        f"--kubeconfig={layout.kubeconfig('kwok')}",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        # Unless it is 0, kwok serves on every interface, not only on loopback.
        "--node-port=0",
        *(f"--config={stage}" for stage in kwok_stages()),
    ]
