"""Ctrl-C while the service starts: it may arrive where Python cannot raise, and ends the start all the same."""

from __future__ import annotations

import os
import signal

import pytest

from ledger_service.commands.up import StopSignals


class Dying:
    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        sum(range(10))  # the handler runs here, and its error cannot leave


def test_a_signal_that_python_lost_ends_the_start_and_nobody_is_told_of_it(capfd: pytest.CaptureFixture[str]) -> None:
    signals = StopSignals()
    with signals.caught():
        Dying()
        assert signals.came
        with pytest.raises(KeyboardInterrupt):
            signals.serve()
    assert capfd.readouterr().err == ""
