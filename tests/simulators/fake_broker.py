"""A broker that gives one client the answers a test wants, byte by byte."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def fake_broker(*answers: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Accept one client, answer its packets in turn; gives the port and the list of packets that came.

    Where an answer holds `??`, the packet id of what is answered stands there instead.
    """
    packets: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, answers, packets))
        thread.start()
        yield listener.getsockname()[1], packets
        thread.join()


def _serve(listener: socket.socket, answers: tuple[bytes, ...], packets: list[bytes]) -> None:
    client, _ = listener.accept()
    with client:
        for answer in answers:
            packets.append(client.recv(4096))
            client.sendall(answer.replace(b"??", packets[-1][2:4]))
        while client.recv(4096):
            pass
