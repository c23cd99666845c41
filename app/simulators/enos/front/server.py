"""The front's server: listens, admits one connection a channel, and can restart."""

import asyncio
import math
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from app.errors import Se3Error
from app.simulators.enos.front.counters import Counters
from app.simulators.enos.front.inspector import Arrival, Inspector, Violation
from app.simulators.enos.front.limits import ByteRate, ConnectLimit
from app.simulators.enos.front.login import LoginRefused, check_login, product_of
from app.simulators.enos.front.packets import Connect, Malformed
from app.simulators.enos.front.rules import Rules
from app.simulators.enos.front.session import Session, Streams
from app.simulators.enos.link import PORTS, split_broker_url
from app.simulators.loop_thread import LoopThread


@dataclass(slots=True)
class _Channel:
    """What is kept of a product from one connection to the next."""

    limit: ConnectLimit
    rate: ByteRate = field(default_factory=ByteRate)
    session: Session | None = None


class Front:
    """Holds clients to EnOS's rules and hands on what they sent; all work is done in a thread of its own."""

    def __init__(
        self,
        broker_url: str,
        rules: Rules,
        on_arrival: Callable[[Arrival], None],
        on_notice: Callable[[str], None],
        address: tuple[str, int],
    ) -> None:
        """`broker_url`: the broker behind, which must take every login.

        `on_arrival` gets each message and `on_notice` a line on each refusal, in the front's thread; neither
        may block or raise. `address`: host and port to listen on; port 0 takes a free one at the start.

        Raises:
            ChannelError: the URL is not an mqtt or mqtts URL.
        """
        self.counters = Counters()
        self._broker = split_broker_url(broker_url)
        self._rules, self._on_arrival, self._on_notice = rules, on_arrival, on_notice
        self._host, self._port = address
        self._channels: dict[str, _Channel] = {}
        self._sessions: set[Session] = set()
        self._away_until = 0.0

    @property
    def url(self) -> str:
        """Where it listens; with port 0 known once it has started."""
        return f"mqtt://{self._host}:{self._port}"

    def start(self) -> None:
        """Return once clients can connect.

        Raises:
            Se3Error: the port is taken, or the address is not this machine's.
        """
        self._thread = LoopThread("enos-front")
        with ExitStack() as undo:
            undo.callback(self._thread.end)
            self._thread.run(self._open())
            undo.pop_all()

    def stop(self) -> None:
        """Drop every connection, and end the thread."""
        self._thread.run(self._close())
        self._thread.end()

    def restart(self, seconds: float) -> None:
        """Drop every connection, and take none for so long; counters and connect limits stay."""
        self._thread.run(self._go_away(seconds))

    async def _open(self) -> None:
        try:
            self._server = await asyncio.start_server(self._serve, self._host, self._port)
        except OSError as error:
            raise Se3Error(f"The simulated EnOS can't listen on {self.url}: {error.strerror}.") from error
        self._away_until = 0.0
        self._port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        while rest := asyncio.all_tasks() - {asyncio.current_task()}:
            await self._go_away(math.inf)
            await asyncio.wait(rest)

    async def _go_away(self, seconds: float) -> None:
        self._away_until = time.monotonic() + seconds
        for session in self._sessions:
            session.drop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session((reader, writer))
        self._sessions.add(session)
        try:
            if time.monotonic() > self._away_until:
                await session.run(partial(self._admit, session), self._open_broker)
        except (Violation, Malformed) as error:
            self.counters.violations += 1
            self._on_notice(f"connection ended: {error}")
        except LoginRefused as refusal:
            self._on_notice(f"login refused: {refusal}")
            session.refuse(refusal.code)
        except OSError:  # the client went, or never spoke
            pass
        finally:
            self._leave(session)
            await session.end()
            self._sessions.remove(session)

    def _admit(self, session: Session, connect: Connect) -> Inspector:
        self.counters.connects += 1
        try:
            product = product_of(connect, self._rules.products)
            channel = self._channel(product)
            channel.limit.check(time.monotonic())
            check_login(connect, product, self._rules.products)
        except LoginRefused:
            self.counters.refused_logins += 1
            raise
        self._enter(product, channel, session)
        return Inspector(product, channel.rate, self.counters, self._on_arrival)

    def _channel(self, product: str) -> _Channel:
        limit = ConnectLimit(self.counters, self._rules.time_scale)
        return self._channels.setdefault(product, _Channel(limit))

    def _enter(self, product: str, channel: _Channel, session: Session) -> None:
        second = channel.session is not None and not channel.session.is_over
        most = self.counters.most_connections_at_once
        most[product] = max(most.get(product, 0), 1 + second)
        if channel.session and second:
            self.counters.pushed_out += 1
            self._on_notice(f"pushed out: {product} has logged in a second time")
            channel.session.drop()
        channel.session = session

    def _leave(self, session: Session) -> None:
        for channel in self._channels.values():
            if channel.session is session:
                channel.session = None

    async def _open_broker(self) -> Streams:
        port = self._broker.port or PORTS[self._broker.scheme]
        tls = ssl.create_default_context() if self._broker.scheme == "mqtts" else None
        return await asyncio.open_connection(self._broker.hostname, port, ssl=tls)
