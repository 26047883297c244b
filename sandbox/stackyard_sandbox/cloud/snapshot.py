"""Saves the account when the cloud process stops, and restores it at the next start.

The emulator keeps everything in memory. Its objects are plain Python objects, except for locks,
buffers of S3 objects (which the emulator prepares itself), keys of OpenSSL, and a few functions.
"""

import io
import pickle
import sys
import threading
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from types import FunctionType
from typing import Any
from weakref import WeakValueDictionary

import dill  # type: ignore[import-untyped]  # it ships no types
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from moto.backends import get_backend
from moto.core.base_backend import BackendDict

from stackyard_sandbox.processes import write_private

FILE = "account.pickle"

_LOCK, _RLOCK = type(threading.Lock()), type(threading.RLock())


class SnapshotError(Exception):
    """The saved account cannot be read by this version of the emulator."""


def save(folder: Path) -> None:
    """Write all backends in one pickle, so that shared objects stay shared."""
    backends = {
        service.service_name: {account: dict(regions) for account, regions in service.items()}
        for service in _backends()
    }
    buffer = io.BytesIO()
    buffer.write(f"{_writer()}\n".encode())
    _Pickler(buffer).dump(backends)
    write_private(folder / FILE, buffer.getvalue())


def restore(folder: Path) -> bool:
    """Restore the backends. The file stays until `start` has recorded the sandbox as running.

    Returns whether there was a file; raises SnapshotError for one that cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return False
    head, _, body = path.read_bytes().partition(b"\n")
    if head.decode() != _writer():
        raise SnapshotError(f"{path} was written by {head.decode()}, this is {_writer()}")
    # Only this process writes the file, and only its owner can: it is as trusted as the code.
    for name, accounts in pickle.loads(body).items():
        service = get_backend(name)
        for account, regions in accounts.items():
            for region, backend in regions.items():
                service[account][region] = backend
    return True


def _backends() -> list[BackendDict[Any]]:
    """Return the backend of every used service; the emulator keeps this list for its reset."""
    used: list[BackendDict[Any]] = vars(BackendDict)["_instances"]
    return [*used]


class _Pickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, _LOCK):
            return threading.Lock, ()
        if isinstance(obj, _RLOCK):
            return threading.RLock, ()
        if isinstance(obj, threading.Thread):
            # Its work is not saved either, see docs/sandbox.md.
            return _no_thread, ()
        if isinstance(obj, WeakValueDictionary):
            # Lambda's functions by ARN; the object that contains them is saved, too.
            return WeakValueDictionary, (), dict(obj), None, None, WeakValueDictionary.update
        if isinstance(obj, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            der = obj.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            return _key, (der,)
        if isinstance(obj, FunctionType) and "<locals>" in obj.__qualname__:
            return dill.loads, (dill.dumps(obj),)
        if isinstance(obj, defaultdict) and type(obj) is not defaultdict:
            # It would be created by calling its class, which here needs other arguments.
            state = (obj.default_factory, vars(obj), dict(obj))
            return _blank, (type(obj),), state, None, None, _fill
        return NotImplemented


def _key(der: bytes) -> PrivateKeyTypes:
    return load_der_private_key(der, None)


def _blank(cls: type[defaultdict[Any, Any]]) -> defaultdict[Any, Any]:
    return cls.__new__(cls)


def _fill(made: defaultdict[Any, Any], state: tuple[Any, dict[str, Any], dict[Any, Any]]) -> None:
    made.default_factory, attributes, items = state
    vars(made).update(attributes)
    dict.update(made, items)


def _no_thread() -> None:
    return None


def _writer() -> str:
    """Return the version of the objects' code: only the same code can read them."""
    python = ".".join(map(str, sys.version_info[:2]))
    return f"moto {version('moto')}, Python {python}"
