"""TLS before a PostgreSQL that was built without it, as the one of the wheel was.

RDS refuses connections without TLS, so what stands for it must, too. The handshake is that of
https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

TLS_WANTED, GSS_WANTED = 80877103, 80877104
ENDED = (OSError, asyncio.IncompleteReadError, asyncio.CancelledError)
Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter


@contextlib.contextmanager
def front(port: int, server: Path, certificate: Path, key: Path) -> Iterator[None]:
    """Take TLS connections on a port of loopback, and no others; `server` is a Unix socket."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def serve(reader: Reader, writer: Writer) -> None:
        with contextlib.closing(writer), contextlib.suppress(*ENDED):
            if await _asks_for_tls(reader, writer):
                await writer.start_tls(context)
                inside = await asyncio.open_unix_connection(str(server))
                with contextlib.closing(inside[1]):
                    await _pass_on((reader, writer), inside)

    over, up = asyncio.Event(), threading.Event()

    async def listen() -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", port):
            up.set()
            await over.wait()

    loop = asyncio.new_event_loop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        thread = threading.Thread(target=runner.run, args=(listen(),), daemon=True)
        thread.start()
        assert up.wait(10), f"port {port} of loopback is taken"
        try:
            yield
        finally:
            loop.call_soon_threadsafe(over.set)
            thread.join(10)


async def _asks_for_tls(reader: Reader, writer: Writer) -> bool:
    """Answer the first message; one that is no request for TLS gets no answer."""
    while True:
        _, code = struct.unpack("!II", await reader.readexactly(8))
        if code != GSS_WANTED:
            break
        writer.write(b"N")
    if code == TLS_WANTED:
        writer.write(b"S")
    return bool(code == TLS_WANTED)


async def _pass_on(client: tuple[Reader, Writer], server: tuple[Reader, Writer]) -> None:
    """Pass bytes both ways until one side has ended."""

    async def one_way(reader: Reader, writer: Writer) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()

    ways = [
        asyncio.ensure_future(one_way(client[0], server[1])),
        asyncio.ensure_future(one_way(server[0], client[1])),
    ]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    await asyncio.gather(*ways, return_exceptions=True)
