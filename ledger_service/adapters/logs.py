"""Logs as JSON lines with ids only. Of an exception its type and its places are written, never its words: they may be personal."""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog
from structlog.typing import EventDict

FRAMES_MAX = 8
KEYS = frozenset(
    {"event", "level", "request_id", "operation", "actor", "method", "route", "status", "ms", "code", "error", "at"}
)  # the timestamp is added after them


class _Lines(logging.Formatter):
    """What libraries and loops say through `logging`, in the same form."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "event": record.msg if isinstance(record.msg, str) else type(record.msg).__name__,
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
        }
        if record.exc_info and record.exc_info[0] is not None:
            frames = traceback.extract_tb(record.exc_info[2])[-FRAMES_MAX:]
            line["error"] = record.exc_info[0].__name__
            line["at"] = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
        return json.dumps(line, ensure_ascii=False)


def only_known(_logger: object, _method: str, line: EventDict) -> EventDict:
    """A key that nobody has thought about may hold anything, so it is not written: only its name is."""
    left_out = sorted(line.keys() - KEYS)
    kept: EventDict = {name: value for name, value in line.items() if name in KEYS}
    if left_out:
        kept["left_out"] = left_out
    return kept


@contextmanager
def logging_to(log_file: Path | None) -> Iterator[None]:
    """Write to stdout, or to a file where a terminal would be flooded."""
    with ExitStack() as stack:
        stream = (
            sys.stdout if log_file is None else stack.enter_context(log_file.open("a", encoding="utf-8", buffering=1))
        )
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                only_known,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            logger_factory=structlog.WriteLoggerFactory(file=stream),
        )
        stack.callback(structlog.reset_defaults)
        handler = logging.StreamHandler(stream)
        handler.setFormatter(_Lines())
        root = logging.getLogger()
        root.addHandler(handler)
        stack.callback(root.removeHandler, handler)
        threading.excepthook = _thread_ended
        stack.callback(setattr, threading, "excepthook", threading.__excepthook__)
        yield


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    """A thread that ends by an exception says so here, in our form."""
    name = ended.thread.name if ended.thread is not None else "?"
    error = (ended.exc_type, ended.exc_value or ended.exc_type(), ended.exc_traceback)
    logging.getLogger(f"thread.{name}").error("a thread ended by an exception", exc_info=error)
