"""Starts, inspects, stops and resets the sandbox of this machine.

No process supervises the others: each member runs in its own session and is identified by its pid
file. `status` reports a member that has ended, and the next `start` starts it again.
"""

import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from stackyard_sandbox import paths, state
from stackyard_sandbox.control_plane import ControlPlane, ControlPlaneError
from stackyard_sandbox.members import SAVING_SECONDS, Cloud, Providers
from stackyard_sandbox.onprem import ClusterSpec, OnPremises
from stackyard_sandbox.planes import Planes, every_plane
from stackyard_sandbox.processes import LOOPBACK, end_strays, only_one
from stackyard_sandbox.state import Sandbox, SandboxError
from stackyard_sandbox.toolchain import CORE, missing

Progress = Callable[[str], None]
"""Function that prints one line of progress."""

SPARE = "spare"
"""Name, instead of a cluster's, of the control plane that waits for the first cluster."""

ONPREM = "onprem"
"""Prefix of the name of an on-premises cluster."""

AFRESH = "`stackyard sandbox reset` starts afresh"


@dataclass(frozen=True)
class Member:
    """One process of the sandbox."""

    name: str
    alive: bool
    pid: int | None
    rss_bytes: int
    endpoint: str | None = None


def start(progress: Progress = lambda _: None, directory: Path | None = None) -> Sandbox:
    """Start the sandbox, or its missing members; no effect on members that run.

    Two starts at the same time are safe: the second waits, and returns the sandbox of the first.
    Raises SandboxError if the toolchain is not built or a member does not start.
    """
    home = _home(directory)
    with only_one(home / "lock", lambda: progress("waiting for another start or stop to end")):
        result = state.read(home)
        if result and all(member.alive for member in _members(home)):
            return result
        if lacking := missing(CORE):
            raise SandboxError(
                f"the toolchain lacks {', '.join(lacking)}", hint="run `stackyard sandbox build`"
            )
        if result and not Cloud(home).process.alive():
            raise SandboxError(
                "the cloud process has died and what the emulated account held is lost; the "
                "clusters are still there, but nothing describes them any more",
                hint="run `stackyard sandbox reset`, then start again",
            )
        return _start(home, progress)


def current(directory: Path | None = None) -> Sandbox | None:
    """Return the running sandbox; None if it is stopped or a member has ended.

    A spare control plane does not count: the cloud starts one after a cluster was deleted.
    """
    home = _home(directory)
    result = state.read(home)
    used = (member for member in _members(home) if not member.name.startswith(f"{SPARE}/"))
    return result if result and all(member.alive for member in used) else None


def status(directory: Path | None = None) -> list[Member]:
    """Return every member, running or not; empty if the sandbox is stopped."""
    home = _home(directory)
    return _members(home) if state.read(home) else []


def stop(directory: Path | None = None) -> bool:
    """End every process. Return whether the account was saved for the next start.

    The clusters' objects are on disk in any case. If the account could not be saved, they are
    deleted too: an empty account would contradict a cluster with objects. If the account was lost
    earlier, the record stays, so that `start` still reports the loss.
    """
    home = _home(directory)
    with only_one(home / "lock"):
        cloud = Cloud(home)
        ran = cloud.process.alive()
        _end(home)
        if ran:
            state.forget(home)
            if not cloud.saved:
                _wipe(home)
        return cloud.saved


def reset(directory: Path | None = None) -> None:
    """End every process and delete all data of the sandbox."""
    home = _home(directory)
    with only_one(home / "lock"):
        _end(home)
        _wipe(home)


def provide(clusters: Iterable[ClusterSpec], directory: Path | None = None) -> None:
    """Run on-premises clusters as declared, and create missing ones.

    They exist as long as the sandbox: `stop` and `start` keep them, only `reset` deletes them.
    Raises SandboxError if one does not start, or the sandbox was stopped in the meantime.
    """
    home = _home(directory)
    with only_one(home / "lock"):
        if state.read(home) is None:
            raise SandboxError("the sandbox is stopped", hint="run `stackyard sandbox start`")
        try:
            for wanted in clusters:
                OnPremises(home).provide(wanted)
        except ControlPlaneError as error:
            raise SandboxError(str(error), hint=AFRESH) from error


def _start(home: Path, progress: Progress) -> Sandbox:
    """Start the members in parallel; running members continue."""
    cloud, providers = Cloud(home), Providers(home)
    afresh = not (cloud.process.alive() or cloud.saved)
    port = cloud.take_port()
    planes = Planes(home, port)
    if afresh:
        _delete_planes(home)
    if not planes.ids():
        planes.create()
    progress("starting the AWS emulator, the providers and the control planes")
    with ThreadPoolExecutor() as pool:
        starts = [pool.submit(cloud.start), pool.submit(providers.start)]
        starts += [pool.submit(plane.start) for plane in every_plane(home, port)]
    try:
        for each in starts:
            each.result()
    except ControlPlaneError as error:
        raise SandboxError(str(error), hint=AFRESH) from error
    pid = cloud.process.pid
    if pid is None:
        raise SandboxError("the cloud process ended at once", hint=f"see {cloud.process.log}")
    sandbox = state.write(Sandbox(home, pid, cloud.administrator(), providers.ports))
    cloud.forget_saved()
    return sandbox


def _members(home: Path) -> list[Member]:
    cloud, providers = Cloud(home), Providers(home)
    ports = ", ".join(f"{package} on {port}" for package, port in providers.ports.items())
    result = [
        Member(part.name, part.process.alive(), part.process.pid, part.process.rss(), where)
        for part, where in ((cloud, cloud.endpoint), (providers, f"{LOOPBACK}: {ports}"))
    ]
    record = state.read(home)
    names = {each.endpoint: name for name, each in record.clusters.items()} if record else {}
    planes = Planes(home, cloud.port or 0)
    for identity in planes.ids():
        plane, karpenter = planes.plane(identity), planes.karpenter(identity)
        try:
            name = names.get(plane.endpoint, SPARE)
            result += _of_plane(plane, name)
        except ControlPlaneError:  # being created at this moment
            continue
        if pid := karpenter.pid:
            result.append(Member(f"{name}/{karpenter.name}", True, pid, karpenter.rss()))
    for plane in OnPremises(home).planes():
        if plane.started:  # else being created at this moment
            result += _of_plane(plane, f"{ONPREM}/{plane.name}")
    return result


def _of_plane(plane: ControlPlane, name: str) -> list[Member]:
    endpoint = plane.endpoint
    return [
        Member(
            f"{name}/{member.name}",
            member.alive,
            member.pid,
            member.rss,
            endpoint if member.name == "kube-apiserver" else None,
        )
        for member in plane.members()
    ]


def _end(home: Path) -> None:
    """End the providers, then the cloud, which starts control planes, then control planes."""
    cloud = Cloud(home)
    Providers(home).process.stop()
    cloud.process.stop(SAVING_SECONDS)
    with ThreadPoolExecutor() as pool:
        for ended in [pool.submit(plane.stop) for plane in every_plane(home, cloud.port or 0)]:
            ended.result()
    end_strays(home)


def _wipe(home: Path) -> None:
    """Delete the data of the sandbox, and no other file in its folder.

    This includes the state of stacks (the engine stores it in `state`), whose resources no longer
    exist.
    """
    _delete_planes(home)
    for part in (Cloud(home), Providers(home)):
        shutil.rmtree(part.folder, ignore_errors=True)
    shutil.rmtree(home / "state", ignore_errors=True)
    (home / "kubeconfig").unlink(missing_ok=True)
    state.forget(home)


def _delete_planes(home: Path) -> None:
    planes = Planes(home, 0)
    for identity in planes.ids():
        planes.delete(identity)
    OnPremises(home).delete()


def _home(directory: Path | None) -> Path:
    if directory is None:
        return paths.sandbox_home()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory.absolute()
