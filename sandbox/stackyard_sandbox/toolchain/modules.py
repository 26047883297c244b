"""The tools, their Go modules, and the digest under which each build is stored.

A module is a folder with go.mod (its `tool` lines name the programs) and go.sum, and a `main.go`
where the program is only served as a library. Each has a separate digest, so that a newer
Prometheus does not rebuild the engine.
"""

import hashlib
import platform
from dataclasses import dataclass
from pathlib import Path

from stackyard_sandbox.toolchain.errors import UnknownTool

MINIMUM_GO = "1.26"
ENGINE_VERSION = "3.259.0"
KUBERNETES_VERSION = "1.36.3"
KARPENTER_VERSION = "1.13.1"
KUBERNETES_PROVIDER = "pulumi-resource-kubernetes"

_FOLDER = Path(__file__).parent / "modules"
# -trimpath keeps this machine's paths out of the binaries; -mod=readonly refuses to resolve
# anything that go.sum does not pin.
_FLAGS = ("-trimpath", "-mod=readonly", "-buildvcs=false")


@dataclass(frozen=True)
class Module:
    """One of our Go modules and the programs that it builds: name to main package."""

    name: str
    programs: dict[str, str]
    version_flags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    cgo: bool = False
    """Whether it contains C code, and needs a C compiler."""

    @property
    def folder(self) -> Path:
        """Folder of its lock files."""
        return _FOLDER / self.name

    @property
    def flags(self) -> tuple[str, ...]:
        """Arguments of `go build`, the same for each program so that packages compile once."""
        sets = [f"-X {flag}" for flag in self.version_flags]
        tags = ("-tags", ",".join(self.tags)) if self.tags else ()
        return (*_FLAGS, *tags, "-ldflags", " ".join(["-s -w", *sets]))

    @property
    def digest(self) -> str:
        """A digest of the lock files, sources, programs, flags and kind of machine."""
        facts = [platform.system(), platform.machine(), *self.flags, *map(str, self._mains())]
        facts += ["cgo"] if self.cgo else []
        hashed = hashlib.sha256("\0".join(facts).encode())
        for lock in ("go.mod", "go.sum"):
            hashed.update((self.folder / lock).read_bytes())
        for source in self._sources():
            hashed.update(str(source.relative_to(self.folder)).encode() + source.read_bytes())
        return f"{self.name}-{hashed.hexdigest()[:16]}"

    def _sources(self) -> list[Path]:
        """Return our own files beside the lock files, also those of the modules inside it."""
        return sorted([*self.folder.rglob("*.go"), *self.folder.glob("*/go.mod")])

    def _mains(self) -> list[tuple[str, str]]:
        return sorted(self.programs.items())


# Without these a Kubernetes program reports v0.0.0-master and clients refuse it as too old.
_KUBERNETES_VERSION = "k8s.io/component-base/version"
_MAJOR, _MINOR, _ = KUBERNETES_VERSION.split(".")

MODULES = (
    Module(
        "engine",
        {"pulumi": "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"},
        (f"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{ENGINE_VERSION}",),
    ),
    Module(
        "cluster",
        {
            "etcd": "go.etcd.io/etcd/server/v3",
            "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
            "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
            "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
            "kwok": "sigs.k8s.io/kwok/cmd/kwok",
        },
        (
            f"{_KUBERNETES_VERSION}.gitVersion=v{KUBERNETES_VERSION}",
            f"{_KUBERNETES_VERSION}.gitMajor={_MAJOR}",
            f"{_KUBERNETES_VERSION}.gitMinor={_MINOR}",
        ),
    ),
    # The very program that runs on AWS: it asks the emulator for instances.
    Module(
        "karpenter",
        {"karpenter": "github.com/aws/karpenter-provider-aws/cmd/controller"},
        (f"sigs.k8s.io/karpenter/pkg/operator.Version={KARPENTER_VERSION}",),
    ),
    # The provider that runs on AWS, without the typed Go SDK: a third of the build, for charts and
    # YAML files as components. Kubernetes' libraries have the version that `cluster` has, and most
    # of what they need, so that they are compiled once for both.
    Module("kubernetes-provider", {KUBERNETES_PROVIDER: "."}),
    Module(
        "prometheus",
        {
            "promtool": "github.com/prometheus/prometheus/cmd/promtool",
            "prometheus": "github.com/prometheus/prometheus/cmd/prometheus",
        },
        # Without service discovery in thirty clouds, whose clients would be most of the build; the
        # collectors find their targets by DNS.
        tags=("remove_all_sd", "enable_dns_sd"),
    ),
    Module("actionlint", {"actionlint": "github.com/rhysd/actionlint/cmd/actionlint"}),
    Module(
        "buildkit",
        {
            "buildkitd": "github.com/moby/buildkit/cmd/buildkitd",
            "buildctl": "github.com/moby/buildkit/cmd/buildctl",
            "crane": "github.com/google/go-containerregistry/cmd/crane",
        },
    ),
    # A program that starts a container changes namespaces before Go runs, which needs C.
    Module("runc", {"runc": "github.com/opencontainers/runc"}, cgo=True),
    Module("kueue", {"kueue": "sigs.k8s.io/kueue/cmd/kueue"}),
)

CORE = tuple(program for module in MODULES[:3] for program in module.programs)
"""What a sandbox cannot start without."""

IMAGES = ("buildkitd", "buildctl", "crane", "runc")
"""Tools that build images in the tests: the engine of `docker build`, a registry, a runtime."""

EXTRA = tuple(
    program for module in MODULES[3:] for program in module.programs if program not in IMAGES
)
"""The official Kubernetes provider, and tools that test alert rules, the collectors of metrics,
workflow files and queues."""

ALL = (*CORE, *EXTRA, *IMAGES)


def module_of(program: str) -> Module:
    """Return the module that builds a program."""
    for module in MODULES:
        if program in module.programs:
            return module
    raise UnknownTool(program, ALL)
