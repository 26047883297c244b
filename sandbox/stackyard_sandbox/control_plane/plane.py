"""Starts, stops and inspects a control plane."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stackyard_sandbox.control_plane import members, nodes
from stackyard_sandbox.control_plane.api import Api, ApiError
from stackyard_sandbox.control_plane.layout import ADMIN, Layout, Ports
from stackyard_sandbox.processes import LOOPBACK, Process, only_one, wait_until, write_private
from stackyard_sandbox.toolchain import ToolMissing, missing

_READY_SECONDS = 60.0
_GRACE_SECONDS = 10.0
# Half of Go's default heap headroom: 30 MB less per cluster, without a measurable delay.
_ENVIRONMENT = {"GOGC": "50"}


class ControlPlaneError(Exception):
    """A member did not start, or nothing was started yet."""


@dataclass(frozen=True)
class Member:
    """One process of a control plane."""

    name: str
    pid: int | None
    alive: bool
    rss: int


class ControlPlane:
    """One cluster's etcd, API server, controllers, scheduler and kwok, in its own folder.

    Several can run in parallel. The content of the folder survives `stop`, so `start` continues
    after the last run; delete the folder of a stopped one to delete the cluster.
    """

    def __init__(
        self,
        directory: Path,
        name: str,
        *,
        token_webhook_url: str | None = None,
        issuer: str = members.DEFAULT_ISSUER,
    ) -> None:
        self.name = name
        self._layout = Layout(directory.absolute(), name)
        self._webhook_url = token_webhook_url
        self._issuer = issuer
        self._processes = {
            member: Process(member, self._layout.folder) for member in members.MEMBERS
        }

    @property
    def endpoint(self) -> str:
        """The API server's address; the same after stop and start unless its port was in use."""
        return f"https://{LOOPBACK}:{self._ports().api}"

    @property
    def ca_pem(self) -> str:
        """The certificate that verifies the endpoint."""
        return self._layout.certificates.ca.read_text()

    @property
    def token(self) -> str:
        """The administrator's bearer token."""
        return self._layout.token(ADMIN)

    @property
    def issuer(self) -> str:
        """The issuer of the service account tokens."""
        return self._issuer

    @property
    def started(self) -> bool:
        """Whether its last start was complete and no stop followed; a member may have ended."""
        return self._layout.started_file.exists()

    @property
    def kubeconfig_path(self) -> Path:
        """The administrator's kubeconfig."""
        return self._layout.kubeconfig(ADMIN)

    @property
    def audit_log(self) -> Path:
        """The audit log: one request per line, as JSON, without the members' own requests."""
        return self._layout.audit_log

    def start(self) -> None:
        """Start, or continue after a stop or a crash; no effect if it runs with these arguments."""
        if lacking := missing(members.MEMBERS):
            raise ToolMissing(lacking[0])
        self._layout.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with only_one(self._lock()):
            if self._runs_as_asked():
                return
            # Processes left by a crash use the ports and etcd's data.
            self._stop()
            try:
                self._start()
            except BaseException:
                self._stop()
                raise

    def stop(self) -> None:
        """Stop every member and wait for its end; the objects stay on disk."""
        if self._layout.folder.exists():
            with only_one(self._lock()):
                self._stop()

    def health(self) -> dict[str, str]:
        """Return `ok`, `stopped`, or the problem, for each member."""
        states = {
            name: "ok" if process.alive() else "stopped"
            for name, process in self._processes.items()
        }
        if states["kube-apiserver"] == "ok" and (trouble := self._not_ready()):
            states["kube-apiserver"] = f"not ready: {trouble}"
        return states

    def members(self) -> list[Member]:
        """Return the processes and their memory."""
        return [
            Member(name, pid := process.pid, pid is not None, process.rss())
            for name, process in self._processes.items()
        ]

    def add_node(
        self,
        name: str,
        labels: Mapping[str, str] | None = None,
        taints: Iterable[nodes.Taint] = (),
        capacity: Mapping[str, str] | None = None,
        provider_id: str | None = None,
    ) -> None:
        """Create or change a fake node; `capacity` is in Kubernetes' units, including GPUs."""
        amounts = {"cpu": "4", "memory": "16Gi"} if capacity is None else capacity
        nodes.add_node(self._api(), name, labels or {}, taints, amounts, provider_id)

    def set_capacity(self, name: str, capacity: Mapping[str, str]) -> None:
        """Change what a node has."""
        nodes.set_capacity(self._api(), name, capacity)

    def remove_node(self, name: str) -> None:
        """Delete a node and the pods on it."""
        nodes.remove_node(self._api(), name)

    def _start(self) -> None:
        """Start store and server together (the server retries), then the others together."""
        ports = self._layout.take_ports()
        self._layout.write(ports, self._webhook_url)
        commands = self._commands(ports)
        self._launch(commands, (*members.STORE, *members.SERVER))
        self._await("kube-apiserver", lambda: not self._not_ready())
        self._launch(commands, members.WORKERS)
        # Pods are refused in a namespace without it: the first sign of running controllers.
        self._await("kube-controller-manager", self._has_default_account)
        write_private(self._layout.started_file, self._wanted(commands))

    def _launch(self, commands: dict[str, list[str]], names: tuple[str, ...]) -> None:
        for name in names:
            self._processes[name].start(commands[name], _ENVIRONMENT)

    def _await(self, name: str, ready: Callable[[], bool]) -> None:
        """Wait for a condition, but stop if the process has ended."""
        begun = [process for process in self._processes.values() if process.pid_file.exists()]

        def settled() -> bool:
            return ready() or not all(process.alive() for process in begun)

        started = time.monotonic()
        wait_until(settled, _READY_SECONDS, pause=0.05)
        for process in begun:
            if not process.alive():
                raise ControlPlaneError(f"{process.name} of {self.name} ended:\n{_tail(process)}")
        if not ready():
            waited = f"{time.monotonic() - started:.0f} s"
            log = _tail(self._processes[name])
            raise ControlPlaneError(f"{name} of {self.name} was not ready in {waited}:\n{log}")

    def _stop(self) -> None:
        """Stop the members, the store last: the others write to it until they end."""
        self._layout.started_file.unlink(missing_ok=True)
        for group in ((*members.WORKERS, *members.SERVER), members.STORE):
            for name in group:
                self._processes[name].terminate()
            for name in group:
                self._processes[name].stop(_GRACE_SECONDS)

    def _runs_as_asked(self) -> bool:
        """Return whether all members run, with the arguments of this object."""
        ports, record = self._layout.ports(), self._layout.started_file
        if ports is None or not record.exists():
            return False
        if not all(process.alive() for process in self._processes.values()):
            return False
        return record.read_text() == self._wanted(self._commands(ports)) and not self._not_ready()

    def _commands(self, ports: Ports) -> dict[str, list[str]]:
        webhook = self._webhook_url is not None
        return members.commands(self._layout, ports, self._issuer, webhook=webhook)

    def _wanted(self, commands: dict[str, list[str]]) -> str:
        return json.dumps({"commands": commands, "webhook": self._webhook_url})

    def _not_ready(self) -> str | None:
        """Return the failed readiness checks of the API server; None if it is ready."""
        try:
            self._api().call("GET", "/readyz")
        except ApiError as error:
            return error.message.splitlines()[0]
        except OSError as error:
            return str(error)
        return None

    def _has_default_account(self) -> bool:
        try:
            self._api().get("/api/v1/namespaces/default/serviceaccounts/default")
        except (ApiError, OSError):
            return False
        return True

    def _api(self) -> Api:
        return Api(self.endpoint, self.ca_pem, self.token)

    def _ports(self) -> Ports:
        ports = self._layout.ports()
        if ports is None:
            raise ControlPlaneError(f"the control plane {self.name} was never started")
        return ports

    def _lock(self) -> Path:
        return self._layout.folder / "lock"


def _tail(process: Process) -> str:
    return f"{process.last_lines()}\n(log: {process.log})"
