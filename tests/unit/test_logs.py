"""A log line holds keys that somebody has thought about, and no others."""

from __future__ import annotations

import json

import pytest
import structlog

from ledger_service.adapters.logs import logging_to


def test_a_key_that_nobody_has_thought_about_is_named_and_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to(None):
        structlog.get_logger("test").info(
            "request", request_id="0b5c", member_number="S100000", name="하하린", status=200
        )
    line = json.loads(capsys.readouterr().out)
    assert line["left_out"] == ["member_number", "name"]
    assert (line["event"], line["request_id"], line["status"]) == ("request", "0b5c", 200)
    assert "S100000" not in json.dumps(line)
    assert line["timestamp"].endswith("Z")
