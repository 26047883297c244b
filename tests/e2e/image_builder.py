"""A real image builder and a registry on loopback, which need no root: BuildKit and `crane`.

BuildKit runs in a user namespace in which this user is the only one, whoever it is outside. So the
files of images belong to root, and a step that would hand them to others fails.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stackyard_sandbox.processes import free_ports
from stackyard_sandbox.toolchain import ToolMissing, tool

ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
"""The registry of the estate's account; for the builder, the one on loopback stands for it."""

NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]

RUNTIME = """#!{python}
# BuildKit asks for a group of terminals and a filter of system calls. The one is not in a namespace
# of one user, the other not in a runc that was built without libseccomp.
import json, os, sys
if "--bundle" in sys.argv:
    file = os.path.join(sys.argv[sys.argv.index("--bundle") + 1], "config.json")
    spec = json.load(open(file))
    spec["linux"].pop("seccomp", None)
    for mount in spec["mounts"]:
        mount["options"] = [each for each in mount.get("options", []) if each[:4] != "gid="]
    json.dump(spec, open(file, "w"))
os.execv("{runc}", ["runc", *sys.argv[1:]])
"""


class ImageBuilder:
    """The builder, and what is in its registry."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.registry = f"127.0.0.1:{port}"
        self._buildctl = [str(tool("buildctl")), f"--addr=unix://{home}/buildkitd.sock"]

    def answers(self) -> bool:
        """Tell whether the builder can be given work."""
        command = [*self._buildctl, "debug", "workers"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def build(self, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
        """Build the Dockerfile of a folder; options are those of `buildctl build`."""
        local = [f"--local={name}={folder}" for name in ("context", "dockerfile")]
        command = [*self._buildctl, "build", "--progress=plain", "--frontend=dockerfile.v0"]
        return subprocess.run(
            [*command, *local, *options], capture_output=True, text=True, timeout=300, check=False
        )

    def publish(self, folder: Path, reference: str) -> None:
        """Build a folder's image and push it to the loopback registry; `reference` has no host."""
        output = f"type=image,name={self.registry}/{reference},push=true,compression=uncompressed"
        done = self.build(folder, f"--output={output}")
        assert done.returncode == 0, done.stderr

    def forget(self) -> None:
        """Drop what former builds left, so that the next one does everything itself."""
        subprocess.run([*self._buildctl, "prune", "--all"], capture_output=True, check=True)

    def lint(self, folder: Path) -> str:
        """Return what BuildKit's own checks find in a Dockerfile, as `docker build --check` does.

        Empty, if that is nothing. The image that it starts from has to be in the registry.
        """
        done = self.build(folder, "--opt=requestid=frontend.lint")
        assert "WARNING" in done.stdout or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def crane(self, *words: str) -> bytes:
        """Ask the registry by a client that has nothing to do with the builder."""
        command = [str(tool("crane")), *words]
        return subprocess.run(command, capture_output=True, timeout=60, check=True).stdout

    def digest(self, reference: str) -> str:
        """Return the digest of an image by its tag."""
        return self.crane("digest", reference).decode().strip()

    def has(self, repository: str, tag: str) -> bool:
        """Tell whether the registry has an image."""
        command = [str(tool("crane")), "digest", f"{self.registry}/{repository}:{tag}"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def play(
        self, spec: Mapping[str, Any], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run the commands of a buildspec in one shell in a folder, up to the first that fails.

        Nothing of this machine's environment is there but what CodeBuild would bring as programs.
        """
        commands = [each for phase in spec["phases"].values() for each in phase.get("commands", [])]
        script = "\n".join(f"{{\n{each}\n}} || exit $?" for each in commands)
        own = {
            "BUILD_WITH": " ".join(self._buildctl),
            "HOME": str(self.home),
            "PATH": f"{self._programs()}:/usr/bin:/bin",
            "PUSH_WITH": str(tool("crane")),
        }
        return subprocess.run(
            [spec["env"]["shell"], "-c", script],
            cwd=folder,
            env={**own, **spec["env"]["variables"], **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def signed(self) -> str:
        """Return plugin, profile and reference that were last given to `notation sign`."""
        return (self.home / "signed").read_text()

    def _programs(self) -> Path:
        folder = self.home / "bin"
        folder.mkdir(exist_ok=True)
        body = Path(__file__).with_name("build_commands.py")
        for name in ("docker", "aws", "notation"):
            command = shlex.join([sys.executable, str(body), name])
            (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            (folder / name).chmod(0o755)
        return folder


@contextmanager
def image_builder(home: Path) -> Iterator[ImageBuilder]:
    """Start builder and registry for a while; skips where the kernel has no namespaces for users.

    As root, and for all whom the kernel lets make user namespaces, nothing is skipped.
    """
    if shutil.which(NAMESPACE[0]) is None:
        pytest.skip("no `unshare`, which makes user namespaces: images are built on Linux only")
    done = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"this kernel refuses user namespaces to this user: {done.stderr.strip()}")
    (port,) = free_ports(1)
    builder = ImageBuilder(home, port)
    started = []
    try:
        with (home / "log").open("w") as log:
            for command in (_registry(builder), _buildkit(builder)):
                environment = {**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
                process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
                started.append(process)
        _wait(builder, started)
        yield builder
    finally:
        for process in started:
            process.terminate()
            process.wait(20)
        shutil.rmtree(home / "root", ignore_errors=True)


def _registry(builder: ImageBuilder) -> list[str]:
    where = ["--address", builder.registry, "--disk", str(builder.home)]
    return [str(tool("crane")), "registry", "serve", *where]


def _buildkit(builder: ImageBuilder) -> list[str]:
    home = builder.home
    config = home / "buildkitd.toml"
    config.write_text(
        f'[registry."{ECR}"]\nmirrors = ["{builder.registry}"]\n'
        f'[registry."{builder.registry}"]\nhttp = true\n'
    )
    runtime = home / "runtime"
    runtime.write_text(RUNTIME.format(python=sys.executable, runc=runc()))
    runtime.chmod(0o755)
    return [
        *NAMESPACE,
        str(tool("buildkitd")),
        f"--addr=unix://{home}/buildkitd.sock",
        f"--root={home}/root",
        f"--config={config}",
        "--rootless",
        "--oci-worker=true",
        "--containerd-worker=false",
        "--oci-worker-snapshotter=native",
        "--oci-worker-no-process-sandbox",
        "--oci-worker-net=host",
        f"--oci-worker-binary={runtime}",
    ]


def runc() -> Path | None:
    """Return what runs steps; None where it was not built, for want of a C compiler."""
    try:
        return tool("runc")
    except ToolMissing:
        return None


def _wait(builder: ImageBuilder, started: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + 60
    while not (builder.answers() and _listens(builder.registry)):
        ended = [process.args for process in started if process.poll() is not None]
        told = (builder.home / "log").read_text()
        assert not ended, told
        assert time.monotonic() < deadline, told
        time.sleep(0.1)


def _listens(address: str) -> bool:
    host, _, port = address.partition(":")
    with socket.socket() as asking:
        return asking.connect_ex((host, int(port))) == 0


def added_layer(builder: ImageBuilder, base: str, image: str) -> tuple[str, Any]:
    """Return the reference of the one layer that an image has on top of another, and its config."""
    below, above = (json.loads(builder.crane("manifest", each)) for each in (base, image))
    old = [layer["digest"] for layer in below["layers"]]
    new = [layer["digest"] for layer in above["layers"]]
    assert new[: len(old)] == old
    (layer,) = new[len(old) :]
    return f"{image.rpartition(':')[0]}@{layer}", json.loads(builder.crane("config", image))
