"""Where `boram up` listens."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from ledger_service.commands.up import listen
from ledger_service.config import SettingsInvalid, read_settings


def test_a_connection_sends_what_it_has_at_once(tmp_path: Path) -> None:
    """Headers and body leave in two writes: the second does not wait until the client says that it has the first, 40 ms later."""
    with (
        listen(read_settings(home=tmp_path, port=0)) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with listen(read_settings(home=tmp_path, port=0)) as listener:
        taken = listener.getsockname()[1]
        with pytest.raises(SettingsInvalid, match=f"{taken} cannot be listened on"):
            listen(read_settings(home=tmp_path, port=taken))
