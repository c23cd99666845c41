import os
import pickle
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.frames import Inbox, require_own_user, send


@given(st.lists(st.binary(max_size=50) | st.text(max_size=50) | st.integers(), min_size=1, max_size=5))
def test_what_is_sent_is_received_one_object_at_a_time(values: list[Any]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        inbox = Inbox(theirs)
        for value in values:
            send(ours, value)
            assert inbox.receive() == value


def test_an_object_is_whole_only_with_its_last_piece() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        send(ours, "a")
        content = theirs.recv(1000)
        inbox = Inbox(theirs)
        for place in range(len(content) - 1):
            ours.send(content[place : place + 1])
            assert not inbox.take_piece()
        ours.send(content[-1:])
        assert inbox.take_piece()
        assert inbox.open() == "a"


def test_a_closed_connection_is_an_error() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.close()
        with pytest.raises(ConnectionError, match="closed"):
            Inbox(theirs).receive()


def test_a_process_of_another_user_is_not_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = socket.socketpair()
    with one, other:
        require_own_user(one)
        monkeypatch.setattr(os, "getuid", lambda: 4711)
        with pytest.raises(ConnectionError, match="user"):
            require_own_user(one)


def test_what_cannot_be_read_does_not_stand_before_what_comes_next() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        inbox = Inbox(theirs)
        send(ours, "a")
        whole = theirs.recv(1000)
        ours.sendall(whole[:8] + b"\xff" * (len(whole) - 8))
        with pytest.raises(pickle.UnpicklingError):
            inbox.receive()
        send(ours, "b")
        assert inbox.receive() == "b"


def test_a_large_object_is_received_and_its_memory_given_back() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ThreadPoolExecutor() as pool:
        inbox = Inbox(theirs)
        for value in (bytes(5 * 2**20), "small"):
            sending = pool.submit(send, ours, value)
            assert inbox.receive() == value
            sending.result()
            assert sys.getsizeof(inbox._buffer) < 2**20
