"""An MQTT broker inside this process, for a demo on a machine without one."""

import asyncio
import logging
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from app.errors import Se3Error
from app.simulators.loop_thread import LoopThread

_HOST = "127.0.0.1"
_LISTENER = "default"


class EmbeddedBroker:
    """amqtt's broker in a thread of its own, on the loopback address, open to everyone there."""

    def __init__(self, port: int = 0) -> None:
        """`port`: 0 takes a free one when it starts."""
        self._port = port
        self._broker: Any = None
        self._server: asyncio.Server

    @property
    def url(self) -> str:
        """Where it listens; with port 0 known once it has started."""
        return f"mqtt://{_HOST}:{self._port}"

    def start(self) -> None:
        """Return once clients can connect.

        Raises:
            Se3Error: amqtt is not installed, or the port is taken.
        """
        self._thread = LoopThread("embedded-broker")
        with ExitStack() as undo:
            undo.callback(self._thread.end)
            self._thread.run(self._open())
            undo.pop_all()

    def stop(self) -> None:
        """Drop every client and every message, and end the thread."""
        self._thread.run(self._close())
        self._thread.end()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    async def _open(self) -> None:
        self._broker = _make_broker()
        try:
            self._server = await asyncio.start_server(self._serve, _HOST, self._port, start_serving=False)
        except OSError as error:
            raise Se3Error(f"The embedded broker can't listen on {self.url}: {error.strerror}.") from error
        self._port = self._server.sockets[0].getsockname()[1]
        await self._broker.start()
        await self._server.start_serving()

    async def _close(self) -> None:
        self._server.close()
        await self._broker.shutdown()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter

        streams = StreamReaderAdapter(reader), StreamWriterAdapter(writer)
        try:
            await self._broker.external_connected(*streams, _LISTENER)
        finally:
            writer.close()  # amqtt 0.12.1 leaves it open for a client that goes without a CONNECT


def _make_broker() -> Any:
    try:
        from amqtt.broker import Broker
    except ModuleNotFoundError as error:
        raise Se3Error("The embedded broker needs amqtt; install it with: pip install '.[demo]'") from error
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.WARNING)
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    return Broker({"listeners": {_LISTENER: {"type": "external"}}, "plugins": plugins})
