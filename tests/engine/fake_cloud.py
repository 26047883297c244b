"""A cloud that is a folder: its provider runs in a process of its own and survives the engine.

Each thing is a file named by a random id, so that a census is exact and a second create is seen.
`python fake_cloud.py FOLDER` prints the port of its provider.
"""

# ruff: noqa: N802 - the names of the methods are the protocol's
from __future__ import annotations

import json
import sys
import time
import uuid
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc


def _struct(values: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(values)
    return made


class FolderProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Package `fake`, one type: `fake:index:Thing` with `label`, `seconds` and `size`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def Attach(self, request: Any, context: Any) -> Any:
        return struct_pb2.Struct()

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=False)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version="1.0.0")

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse()

    def Check(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        olds, news = MessageToDict(request.old_inputs), MessageToDict(request.news)
        changed = sorted(k for k in {*olds, *news} if olds.get(k) != news.get(k))
        kind = provider_pb2.DiffResponse
        replaces = [key for key in changed if key == "label"]
        return kind(
            changes=kind.DIFF_SOME if changed else kind.DIFF_NONE, diffs=changed, replaces=replaces
        )

    def Create(self, request: Any, context: Any) -> Any:
        inputs = MessageToDict(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(id="", properties=request.properties)
        if inputs.get("fails"):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"refused {inputs['label']}")
        time.sleep(inputs.get("seconds", 0) / 2)
        made = uuid.uuid4().hex
        self._write(made, inputs)
        time.sleep(inputs.get("seconds", 0) / 2)
        if "aws:" in request.urn:
            # Programs pass ARNs on, and a preview takes an output that state lacks for unknown.
            request.properties.update({"arn": f"arn:aws:fake:::{made}"})
        return provider_pb2.CreateResponse(id=made, properties=request.properties)

    def Read(self, request: Any, context: Any) -> Any:
        try:
            found = _struct(json.loads(self._file(request.id).read_text()))
        except FileNotFoundError:
            return provider_pb2.ReadResponse(id="")
        return provider_pb2.ReadResponse(id=request.id, properties=found, inputs=found)

    def Update(self, request: Any, context: Any) -> Any:
        inputs = MessageToDict(request.news)
        if not request.preview:
            time.sleep(inputs.get("seconds", 0))
            self._write(request.id, inputs)
        return provider_pb2.UpdateResponse(properties=request.news)

    def Delete(self, request: Any, context: Any) -> Any:
        time.sleep(MessageToDict(request.properties).get("seconds", 0) / 2)
        self._file(request.id).unlink(missing_ok=True)
        return struct_pb2.Struct()

    def Cancel(self, request: Any, context: Any) -> Any:
        return struct_pb2.Struct()

    def _write(self, identity: str, inputs: dict[str, Any]) -> None:
        draft = self.folder / f"{identity}.draft"
        draft.write_text(json.dumps(inputs))
        draft.rename(self._file(identity))  # tests read the folder meanwhile: never half a file

    def _file(self, identity: str) -> Path:
        return self.folder / f"{identity}.json"


def main() -> None:
    """Serve until killed."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
    provider = FolderProvider(Path(sys.argv[1]))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
