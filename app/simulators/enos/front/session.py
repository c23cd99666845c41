"""One client's connection through the front, from its login to its end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from app.simulators.enos.front.inspector import Inspector
from app.simulators.enos.front.login import UNAVAILABLE, LoginRefused
from app.simulators.enos.front.packets import (
    CONNECT,
    DISCONNECT,
    Connect,
    Packet,
    connack,
    read_connect,
    split,
)

_CHUNK_BYTES = 65_536
_LOGIN_SECONDS = 10.0
_MOST_BYTES_WAITING = 16 * 2**20  # a broker that is slow must not hold up what is measured here

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Session:
    """Passes a client's packets to the broker and the broker's to the client, byte for byte."""

    def __init__(self, client: Streams) -> None:
        """`client`: its open connection."""
        self._reader, self._client = client
        self._writers = [self._client]

    @property
    def is_over(self) -> bool:
        """Whether the client has left, or was dropped."""
        return self._client.is_closing()

    async def run(
        self, admit: Callable[[Connect], Inspector], open_broker: Callable[[], Awaitable[Streams]]
    ) -> None:
        """Return once client or broker have ended the connection.

        `admit` checks the login.

        Raises:
            LoginRefused: the login is wrong, or the broker can't be reached; it is not answered yet.
            Violation: the client did what only ends a connection.
            Malformed: what came was not MQTT.
            OSError: the connection broke.
        """
        client = _PacketReader(self._reader)
        async with asyncio.timeout(_LOGIN_SECONDS):
            first = await client.read()
        if not first or first[0].kind != CONNECT:
            return
        inspector = admit(read_connect(first[0]))
        broker = await self._open(open_broker)
        self._writers[1].write(first[0].raw)
        down = asyncio.create_task(self._pass_down(_PacketReader(broker), inspector))
        try:
            await self._pass_all_up(first[1:], client, inspector)
        finally:
            self._close()
            await down

    def refuse(self, code: int) -> None:
        """Answer the login with a CONNACK's return code."""
        self._client.write(connack(code))

    def drop(self) -> None:
        """End it at once, without a word."""
        for writer in self._writers:
            writer.transport.abort()

    async def end(self) -> None:
        """Close what is open, and wait until it is."""
        self._close()
        for writer in self._writers:
            with suppress(OSError):
                await writer.wait_closed()

    async def _open(self, open_broker: Callable[[], Awaitable[Streams]]) -> asyncio.StreamReader:
        try:
            reader, writer = await open_broker()
        except OSError as error:
            raise LoginRefused(UNAVAILABLE, f"the broker can't be reached: {error}") from error
        self._writers.append(writer)
        writer.transport.set_write_buffer_limits(_MOST_BYTES_WAITING)
        if self._client.is_closing():  # dropped meanwhile
            writer.close()
        return reader

    async def _pass_all_up(
        self, packets: list[Packet], client: "_PacketReader", inspector: Inspector
    ) -> None:
        """`packets`: those that came along with the login."""
        while True:
            self._pass_up(packets, inspector)
            await self._writers[1].drain()
            if packets and packets[-1].kind == DISCONNECT:
                return
            if not (packets := await client.read()):
                return

    def _pass_up(self, packets: list[Packet], inspector: Inspector) -> None:
        passed = []
        for packet in packets:
            answer = inspector.answer(packet)
            if answer is None:
                passed.append(packet.raw)
            elif answer:
                self._client.write(answer)
        self._writers[1].write(b"".join(passed))

    async def _pass_down(self, broker: "_PacketReader", inspector: Inspector) -> None:
        try:
            while packets := await broker.read():
                for packet in packets:
                    inspector.note(packet)
                self._client.write(b"".join(packet.raw for packet in packets))
                await self._client.drain()
        except OSError:  # the other direction sees the same end
            pass
        finally:
            self._close()

    def _close(self) -> None:
        for writer in self._writers:
            writer.close()


class _PacketReader:
    """Reads whole packets."""

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._stream, self._buffer = stream, bytearray()

    async def read(self) -> list[Packet]:
        """Give all that have come, at least one; none at the end of the stream."""
        while data := await self._stream.read(_CHUNK_BYTES):
            self._buffer += data
            if packets := split(self._buffer):
                return packets
        return []
