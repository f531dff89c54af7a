"""Notices as lines of a file, until a sender of SMS or letters takes their place: ids and amounts only, no name and no address."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from ledger_service.domain.days import date_of
from ledger_service.journal.notices import NoticeRow

KNOWN_BYTES = 256 * 1024
"""As much of a file's end as holds every row that was given in one go, several times over."""


class NoticeFiles:
    """One file a day, `notices-2024-05-02.jsonl`, readable by its owner only. A row that it has already is not written again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, rows: Sequence[NoticeRow], today: date) -> None:
        """Append the rows and have them on disk."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = self._known()  # before today's file is opened
        path = self._folder / f"notices-{today.isoformat()}.jsonl"
        lines = b"".join(_line(row) for row in rows if row.id not in known)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())

    def _known(self) -> set[int]:
        """The last ids of the newest file: a crash came between writing them and saying so."""
        newest = max(self._folder.glob("notices-*.jsonl"), default=None)
        if newest is None:
            return set()
        size = newest.stat().st_size
        start = max(size - KNOWN_BYTES, 0)
        with newest.open("rb") as file:
            file.seek(start)
            content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(newest, start + len(whole))  # a torn last line: it is written anew
        return {json.loads(line)["id"] for line in whole.splitlines()[1 if start else 0 :]}


def _line(row: NoticeRow) -> bytes:
    told = {
        "id": row.id,
        "person_id": row.person_id,
        "kind": row.kind,
        "due": date_of(row.due_day).isoformat(),
        "coins": row.coins,
        "expires_on": None if row.expiry_day is None else date_of(row.expiry_day).isoformat(),
    }
    return json.dumps(told, separators=(",", ":")).encode() + b"\n"
