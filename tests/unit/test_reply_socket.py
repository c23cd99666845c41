"""A reply goes out in as few pieces as it may, and no client holds a thread longer than it is given."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.receiver.worker.reply_socket import ReplySocket, sent_at_once, takes_more

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
MUCH = bytes(2**22)

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """The server's end, which does not block, and the client's; a datagram each, to see what is one send."""
    server, client = socket.socketpair(type=socket.SOCK_SEQPACKET)
    with server, client:
        server.setblocking(False)
        client.settimeout(5)
        yield server, client


@pytest.fixture
def stream() -> Iterator[Ends]:
    server, client = socket.socketpair()
    with server, client:
        server.setblocking(False)
        client.settimeout(5)
        yield server, client


def everything(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(2**16), b""))


def test_the_head_goes_out_with_the_beginning_of_the_body(ends: Ends) -> None:
    server, client = ends
    reply = ReplySocket(server, 1)
    for piece in (HEAD, b"begin", b"end"):
        reply.sendall(piece)
    reply.flush()
    server.shutdown(socket.SHUT_WR)
    assert [client.recv(99), client.recv(99), client.recv(99)] == [HEAD + b"begin", b"end", b""]


def test_a_head_alone_is_sent_at_the_end(ends: Ends) -> None:
    server, client = ends
    reply = ReplySocket(server, 1)
    reply.sendall(HEAD)
    reply.flush()
    reply.flush()
    server.shutdown(socket.SHUT_WR)
    assert [client.recv(99), client.recv(99)] == [HEAD, b""]


def test_more_than_there_is_room_for_arrives_whole(stream: Ends) -> None:
    server, client = stream
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(everything(client)))
    reader.start()
    reply = ReplySocket(server, 5)
    reply.sendall(HEAD)
    reply.sendall(MUCH)
    server.shutdown(socket.SHUT_WR)
    reader.join()
    assert found == [HEAD + MUCH]
    assert server.gettimeout() == 0  # the worker's loop reads from it again


def test_a_file_comes_behind_its_head(stream: Ends, tmp_path: Path) -> None:
    server, client = stream
    file = tmp_path / "picture"
    file.write_bytes(b"0123456789")
    reply = ReplySocket(server, 5)
    reply.sendall(HEAD)
    with file.open("rb") as content:
        assert reply.sendfile(content, 2, 5) == 5
    server.shutdown(socket.SHUT_WR)
    assert everything(client) == HEAD + b"23456"


def test_who_takes_nothing_is_waited_for_no_longer_than_said(stream: Ends) -> None:
    server, _ = stream
    reply = ReplySocket(server, 0.05)
    reply.sendall(HEAD)
    with pytest.raises(TimeoutError):
        reply.sendall(MUCH)
    assert server.gettimeout() == 0


def test_what_is_not_taken_at_once_is_left_and_comes_behind_it(stream: Ends) -> None:
    server, client = stream
    reply = ReplySocket(server, 0.05, 2 * len(MUCH))
    for piece in (HEAD, MUCH, b"end"):
        reply.sendall(piece)
    assert reply.rest
    found = b""
    while len(found) < len(HEAD + MUCH + b"end"):
        found += client.recv(2**16)
        del reply.rest[: sent_at_once(server, reply.rest)]
    assert found == HEAD + MUCH + b"end"


def test_who_pauses_gets_each_later_piece_as_it_comes(stream: Ends) -> None:
    server, client = stream
    reply = ReplySocket(server, 0.05, len(MUCH))
    for piece in (HEAD, bytes(2**20)):
        reply.sendall(piece)
    assert reply.rest
    while reply.rest:
        client.recv(2**20)
        reply.sendall(b"x")
    client.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            client.recv(2**20)
    reply.sendall(b"later")
    assert client.recv(99) == b"later"


def test_who_takes_some_of_it_all_the_time_is_waited_for_piece_by_piece(stream: Ends) -> None:
    server, client = stream
    taken = bytearray()

    def take_slowly() -> None:
        while some := client.recv(2**15):
            taken.extend(some)
            time.sleep(0.002)  # all of it takes longer than a piece may

    reader = threading.Thread(target=take_slowly)
    reader.start()
    reply = ReplySocket(server, 0.2, 2**20)
    for piece in [HEAD] + [bytes(2**16)] * 120:
        reply.sendall(piece)
    while reply.rest:
        if takes_more(server, 1):
            del reply.rest[: sent_at_once(server, reply.rest)]
    server.shutdown(socket.SHUT_WR)
    reader.join()
    assert len(taken) == len(HEAD) + 120 * 2**16


def test_for_more_than_may_be_left_the_client_is_waited_for(stream: Ends) -> None:
    server, _ = stream
    reply = ReplySocket(server, 0.05, len(MUCH))
    for piece in (HEAD, MUCH):
        reply.sendall(piece)
    with pytest.raises(TimeoutError):
        reply.sendall(MUCH)


def test_gunicorn_neither_waits_for_the_client_nor_closes(stream: Ends) -> None:
    server, client = stream
    reply = ReplySocket(server, 1)
    reply.settimeout(9)
    assert reply.recv(1) == b""
    reply.shutdown(socket.SHUT_WR)
    reply.close()
    assert client.recv(1) == b""
    assert server.fileno() != -1
    assert server.gettimeout() == 0
