"""Whatever strangers send, the receiver stays up, tells nothing, stays small, and serves its boxes meanwhile.

BAD_REQUESTS says how many are sent: few in `make test`, 100,000 in `make long`.
"""

import base64
import json
import os
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from app.receiver.promptness import PROMPT_SECONDS
from app.store.database import Database
from app.store.migration import migrate
from tests.support.attackers import Findings, GoodBox, Memory, exchange, slow_crowd
from tests.support.bad_requests import (
    HEAVY,
    LIGHTER,
    POLYGLOTS,
    BadRequest,
    bad_requests,
    event_with,
    request,
)
from tests.support.receivers import Receiver

NUMBER = int(os.environ.get("BAD_REQUESTS", "200"))
IS_LONG = NUMBER >= 1000
HEAVY_EACH = 10 if IS_LONG else 1
MOST_MEGABYTES = 1024
A_ROUND = 1000  # hypothesis remembers all of a round
SENDERS = 4
GENERATE = (Phase.generate,)
CORPUS = Path(__file__).parent.parent / "payloads" / "hostile"
BEGUN = [
    b"POST /HistoryEvent HTTP/1.1\r\nHost: it\r\n",
    b"POST /HistoryEvent HTTP/1.1\r\nHost: it\r\nContent-Length: 9999\r\n\r\n{",
    b"POST /HistoryEvent HTTP/1.1\r\nHost: it\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n{",
]


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    folder = tmp_path_factory.mktemp("receiver")
    with closing(Database(url := f"sqlite:///{folder}/se3.db")) as database:
        migrate(database)
    receiver = Receiver(folder, url)
    yield receiver
    receiver.program.stop(timeout=30)


class Attack:
    """Sends by several threads what hypothesis thinks up in this one."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        # Made before anything is timed: it takes so long that the box in this process would wait.
        self._heavy = [BadRequest("heavy", (make(),)) for make in (HEAVY if IS_LONG else LIGHTER)]
        self._to_send: queue.Queue[BadRequest | None] = queue.Queue(maxsize=2 * SENDERS)
        self._lock = threading.Lock()
        self.sent = 0
        self.findings = Findings()

    def run(self) -> None:
        """Send all."""
        threads = [threading.Thread(target=self._send_all) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        try:
            for heavy in self._heavy * HEAVY_EACH:
                self._to_send.put(heavy)
            for number in range(0, NUMBER, A_ROUND):
                self._think_up(number, min(A_ROUND, NUMBER - number))
        finally:
            for _ in threads:
                self._to_send.put(None)
            for thread in threads:
                thread.join()

    def _think_up(self, number: int, many: int) -> None:
        @seed(number)
        @settings(
            max_examples=many,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=GENERATE,
        )
        @given(bad_requests)
        def put(one: BadRequest) -> None:
            self._to_send.put(one)

        put()

    def _send_all(self) -> None:
        while sent := self._to_send.get():
            try:
                reply = exchange(self._receiver, sent)
            except OSError as error:
                reply = f"{type(error).__name__}\nHTTP/1.1 599 NO REPLY".encode()
            with self._lock:
                self.sent += 1
                self.findings.note(sent, reply)


def test_strangers_break_nothing_and_the_box_is_served_meanwhile(
    receiver: Receiver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    memory, box, attack = Memory(receiver), GoodBox(receiver, 0.2), Attack(receiver)
    before = memory.megabytes("VmRSS")
    with slow_crowd(receiver, BEGUN, 50), box.posting():
        attack.run()
    found = attack.findings
    late = {
        f"{began - box.began[0]:.0f} s on": f"{seconds:.2f} s"
        for began, seconds in zip(box.began, box.seconds, strict=True)
        if seconds > PROMPT_SECONDS
    }
    figures = {
        "sent": attack.sent,
        "statuses": dict(sorted(found.statuses.items())),
        "no reply": dict(found.silent),
        "MB before": before,
        "MB after": memory.megabytes("VmRSS"),
        "MB at most": memory.megabytes("VmHWM"),
        "box": {
            "posts": len(box.seconds),
            "slowest": max(box.seconds),
            "late": late,
        },
    }
    with capsys.disabled():
        print(f"\n{json.dumps(figures, indent=1)}")  # noqa: T201 - for whoever runs it
    for number, (sent, reply) in enumerate(found.wrong):
        (tmp_path / f"{sent.kind}-{number}.http").write_bytes(b"".join(sent.pieces))
        (tmp_path / f"{sent.kind}-{number}.reply").write_bytes(reply)
    assert not found.wrong, f"{len(found.wrong)} of them in {tmp_path}"
    assert not box.failures
    assert "Traceback" not in receiver.program.output()
    if IS_LONG:
        assert len(late) <= len(box.seconds) // 100  # a busy machine is late by itself, too
    assert max(memory.megabytes("VmHWM").values()) < MOST_MEGABYTES


def test_what_once_broke_it_does_so_no_more(receiver: Receiver) -> None:
    found = Findings()
    for path in sorted(CORPUS.glob("*.http")):
        sent = BadRequest(path.name, (path.read_bytes(),))
        found.note(sent, exchange(receiver, sent))
    assert found.statuses
    assert not found.wrong


@pytest.mark.parametrize("content", POLYGLOTS)
def test_pictures_that_are_something_else_are_stored_as_what_they_are(
    receiver: Receiver, content: bytes
) -> None:
    found = Findings()
    sent = BadRequest("picture", (request(event_with("event_image", base64.b64encode(content).decode())),))
    found.note(sent, exchange(receiver, sent))
    assert found.statuses == {200: 1}


@pytest.mark.parametrize(
    "chunks",
    [
        b"5\r\nhelloXX0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"5;\0\r\nhello\r\n0\r\n\r\n",
        b"0\r\n a\r\n\r\n",
    ],
    ids=["no end of a chunk", "blank behind a length", "NUL", "ill-formed trailer"],
)
def test_behind_broken_chunks_nothing_more_is_read(receiver: Receiver, chunks: bytes) -> None:
    """Whoever stands in front may think that the next request begins elsewhere."""
    head = b"POST /HistoryEvent HTTP/1.1\r\nHost: it\r\nTransfer-Encoding: chunked\r\n\r\n"
    host, port = receiver.address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head + chunks + b"GET /healthz HTTP/1.1\r\nHost: it\r\n\r\n")
        replies = b"".join(iter(lambda: connection.recv(65536), b""))
    assert replies.count(b"HTTP/1.1 ") == replies.count(b"HTTP/1.1 400 ") == 1
