"""Lets the official Kubernetes provider answer the engine, for clusters on this machine only.

Each provider instance has a process of its own, as with a plugin that the engine starts. What it
must not see of a real machine is replaced on the way: the kubeconfig of a cluster on premises,
for which the sandbox has a stand-in, and `aws eks get-token`. Helm releases stay with our
provider: their charts come from a registry, and here is none.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

from stackyard_sandbox import eks_sign_in, state
from stackyard_sandbox.provider.kubernetes import configuration, releases
from stackyard_sandbox.provider.kubernetes.plugin import Plugin
from stackyard_sandbox.provider.kubernetes.servicer import KubernetesServicer
from stackyard_sandbox.provider.protocol import Properties, decode
from stackyard_sandbox.provider.server import ProviderError, plain_config

PREFIX = "kubernetes:config:"
"""Of a provider's properties where they are a flat map of texts."""

SELECTING = ("context", "cluster")
"""Properties that name parts of a kubeconfig; those of a stand-in have other names."""


class OfficialServicer(KubernetesServicer):
    """The official provider, and our own for Helm releases."""

    def __init__(self, sandbox_dir: Path, program: Path, folder: Path) -> None:
        super().__init__(sandbox_dir)
        self._program = program
        self._folder = folder
        self._binaries = eks_sign_in.write_program(folder / "bin", sandbox_dir)
        self._plugins: OrderedDict[str, Plugin] = OrderedDict()

    def check_config(self, variables: Properties) -> list[tuple[str, str]]:
        """Refuse kubeconfigs of API servers off this machine; the rest is the provider's."""
        try:
            configuration.settings(variables, self._stand_in)
        except ProviderError as error:
            return [("kubeconfig", str(error))]
        return []

    def end(self) -> None:
        """End every process."""
        with self._lock:
            plugins = list(self._plugins.values())
            self._plugins.clear()
        for plugin in plugins:
            plugin.end()

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Start the process of a connection."""
        return self._started(request.engine_address, context).calls.Handshake(request)

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Tell the provider where the engine is."""
        return self._plugin(context, request.address).calls.Attach(request)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802 - protocol's name
        """Return the provider's version."""
        return self._plugin(context).calls.GetPluginInfo(request)

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Check a provider instance's properties."""
        answer = super().CheckConfig(request, context)
        return answer if answer.failures else self._plugin(context).calls.CheckConfig(request)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Compare: another cluster replaces the provider, and all of its objects with it."""
        for struct in (request.olds, request.news, request.old_inputs):
            self._stand_in_for(struct)
        return self._plugin(context).calls.DiffConfig(request)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Configure both, for a cluster on this machine."""
        super().Configure(request, context)
        if instead := self._stand_in_for(request.args):
            request.variables[f"{PREFIX}kubeconfig"] = str(instead)
            for name in SELECTING:
                request.variables.pop(f"{PREFIX}{name}", None)
        return self._plugin(context).calls.Configure(request)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Check and complete an object's inputs."""
        return self._answer("Check", request, context)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Compare an object's inputs."""
        return self._answer("Diff", request, context)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Create an object, or try it."""
        return self._answer("Create", request, context)

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Change an object, or try it."""
        return self._answer("Update", request, context)

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Read an object."""
        return self._answer("Read", request, context)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Delete an object."""
        return self._answer("Delete", request, context)

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Call a function."""
        return self._plugin(context).calls.Invoke(request)

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Cancel the waits of both."""
        super().Cancel(request, context)
        return self._plugin(context).calls.Cancel(request)

    def _answer(self, method: str, request: Any, context: Any) -> Any:
        """Ask our provider about a release, the official one about any other object."""
        if request.type == releases.TYPE:
            return getattr(super(), method)(request, context)
        return getattr(self._plugin(context).calls, method)(request)

    def _plugin(self, context: Any, engine: str = "") -> Plugin:
        """Return the process of a connection; starts it for an engine that shakes no hands."""
        with self._lock:
            plugin = self._plugins.get(context.peer())
        return plugin or self._started(engine, context)

    def _started(self, engine: str, context: Any) -> Plugin:
        """Start the process of a new connection; its address may be that of an ended one."""
        sandbox = state.read(self._sandbox_dir)
        known = sandbox.environment() if sandbox else {"KUBECONFIG": os.devnull}
        path = os.pathsep.join([str(self._binaries), os.environ.get("PATH", os.defpath)])
        plugin = Plugin(self._program, self._folder, {**known, "PATH": path}, engine)
        with self._lock:
            before = self._plugins.pop(context.peer(), None)
            self._plugins[context.peer()] = plugin
            ended = [peer for peer, each in self._plugins.items() if not each.alive()]
            for peer in ended:
                del self._plugins[peer]
        if before:
            before.end()
        return plugin

    def _stand_in_for(self, struct: Any) -> Path | None:
        """Put the stand-in's kubeconfig in the place of a path, and return it."""
        values = plain_config(decode(struct).values)
        text = values.get("kubeconfig")
        instead = self._stand_in(text, values.get("context")) if isinstance(text, str) else None
        if instead:
            struct.fields["kubeconfig"].string_value = str(instead)
            for name in SELECTING:
                struct.fields.pop(name, None)
        return instead
