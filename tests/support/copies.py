"""Copies of a stopped sandbox that run side by side, each on ports of its own.

What a sandbox keeps names its own addresses on loopback: the endpoint of a cluster is in the state
of every stack that uses it, and in what the account holds. A copy has other ports, of as many
digits, so they are replaced in place. Objects in etcd keep the former ones: only Karpenter's
settings name one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from stackyard_sandbox.processes import LOOPBACK, free_ports, only_one

READY = "ready"
"""The file that says that a folder is whole."""


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Return a folder that one of several processes makes while the others wait.

    If that fails, the next process tries again and fails with an error of its own.
    """
    with only_one(folder.with_suffix(".lock")):
        if not (folder / READY).exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            make(folder)
            (folder / READY).touch()
    return folder


def copied(sandbox: Path, target: Path) -> None:
    """Copy the folder of a stopped sandbox and give the copy free ports."""
    shutil.copytree(sandbox, target, symlinks=True)
    moved = dict(_moved(target))
    assert all(len(old) == len(new) for old, new in moved.items()), moved
    kept = [target / "cloud/account.pickle"]
    kept += [path for path in (target / "state").rglob("*") if path.is_file()]
    for path in kept:
        before = after = path.read_bytes()
        for old, new in moved.items():
            after = after.replace(f"{LOOPBACK}:{old}".encode(), f"{LOOPBACK}:{new}".encode())
        if after != before:
            path.write_bytes(after)


def _moved(target: Path) -> Iterator[tuple[str, str]]:
    """Choose new ports for the cloud and the control planes; yields them by the former ones."""
    cloud = target / "cloud/port"
    clusters = [*target.glob("planes/*/ports.json"), *target.glob("onprem/*/ports.json")]
    former = [json.loads(path.read_text()) for path in clusters]
    ports = iter(map(str, free_ports(1 + sum(map(len, former)))))
    yield cloud.read_text(), (port := next(ports))
    cloud.write_text(port)
    for path, names in zip(clusters, former, strict=True):
        fresh = {name: next(ports) for name in names}
        yield from ((str(names[name]), port) for name, port in fresh.items())
        path.write_text(json.dumps({name: int(port) for name, port in fresh.items()}))
