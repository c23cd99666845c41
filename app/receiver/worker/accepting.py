"""Which of gunicorn's processes lets a client in, from the first one to the stop."""

import select
import socket
import time

from gunicorn.workers.gthread import ThreadWorker

_LEAVE_SECONDS = 0.001  # for another process to accept a client
_FEW_CONNECTIONS = 64  # of more, every process has its share anyway


class AcceptingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's threaded worker, whose processes share the clients."""

    def init_process(self) -> None:
        """Run until the process ends."""
        self._accept_at = 0.0
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Let a client in, and leave the next to another process, if one has nothing to do.

        Else the one that wakes first takes all who connect at the same time, and works alone.
        """
        super().accept(listener)
        if self.alive and self.nr_conns <= _FEW_CONNECTIONS:
            self._accept_at = time.monotonic() + _LEAVE_SECONDS
            self.set_accept_enabled(False)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Listen for clients who connect, or don't; gunicorn asks for it each time before it waits."""
        super().set_accept_enabled(enabled and time.monotonic() >= self._accept_at)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for clients, and do what they give to do."""
        if self.alive and not self._accepting and self.nr_conns < self.worker_connections:
            timeout = min(timeout, max(0.0, self._accept_at - time.monotonic()))
        super().wait_for_and_dispatch_events(timeout)

    def _leave_ports(self) -> None:
        """Take who has connected already, and no one else: who connects to no process is refused at once.

        gunicorn's own keeps its ports open to the end and takes nobody: whoever connects meanwhile is reset.
        """
        for listener in self.sockets:
            for _ in range(self.cfg.backlog):
                if not select.select([listener], [], [], 0)[0]:
                    break
                self.accept(listener)
            listener.close()
