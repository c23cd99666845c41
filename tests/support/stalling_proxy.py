"""A TCP proxy whose line a test can stall: nothing gets through, and nobody is told."""

import asyncio
import contextlib
import threading
from types import TracebackType
from typing import Self

_CHUNK_BYTES = 65_536


class StallingProxy:
    """Passes on what comes, on a port of its own, while its `with` block lasts."""

    def __init__(self, port: int) -> None:
        """`port`: of the server behind it, on this machine."""
        self.port = 0
        self._server_port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._flows = asyncio.Event()
        self._flows.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def stall(self) -> None:
        """Pass nothing on until `flow`; what comes waits in the sockets."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def flow(self) -> None:
        """Pass on what waits, and what comes."""
        self._loop.call_soon_threadsafe(self._flows.set)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_CHUNK_BYTES)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind = await asyncio.open_connection("127.0.0.1", self._server_port, limit=_CHUNK_BYTES)
        for source, target in ((reader, behind[1]), (behind[0], writer)):
            task = self._loop.create_task(self._pass_on(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError), contextlib.closing(target):
            while chunk := await source.read(_CHUNK_BYTES):
                await self._flows.wait()
                target.write(chunk)
                await target.drain()

    async def _end(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
