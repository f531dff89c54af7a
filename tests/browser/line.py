"""A line between a browser and the service that can be cut, or lose what comes back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

CHUNK = 65536


class Line:
    """Copies bytes both ways. `is_down`: nobody answers. `loses_answers`: what is asked arrives, and the answer ends before its first byte."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._is_down = False
        self.loses_answers = False
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def is_down(self) -> bool:
        return self._is_down

    @is_down.setter
    def is_down(self, is_down: bool) -> None:
        self._is_down = is_down
        if is_down:
            for one in list(self._open):
                _end(one)

    def close(self) -> None:
        self.is_down = True
        _end(self._listener)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._is_down:
                _end(near)
                continue
            far = socket.create_connection(self._target)
            self._open |= {near, far}
            for source, target, is_answer in ((near, far, False), (far, near, True)):
                threading.Thread(target=self._copy, args=(source, target, is_answer), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while (data := source.recv(CHUNK)) and not (is_answer and self.loses_answers):
                target.sendall(data)
        for one in (source, target):
            self._open.discard(one)
            _end(one)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for it in another thread
    one.close()


@contextmanager
def line_to(target: str) -> Iterator[Line]:
    line = Line(target)
    yield line
    line.close()
