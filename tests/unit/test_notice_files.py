"""The outbox as files: each notice once, also when the process dies between writing it and saying so; nothing personal in it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from ledger_service.adapters.notices import KNOWN_BYTES, NoticeFiles
from ledger_service.domain.notices import NoticeKind
from ledger_service.journal.notices import NoticeRow

TODAY = date(2024, 5, 2)
ROWS = [NoticeRow(1, "p-1", "expiry_30", 19845, 10, 19875), NoticeRow(2, "p-2", "corrected", 19845, 4, None)]


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines()]


def test_a_notice_is_a_line_of_ids_and_amounts(tmp_path: Path) -> None:
    NoticeFiles(tmp_path / "outbox").send(ROWS, TODAY)
    assert lines(tmp_path / "outbox") == [
        {
            "id": 1,
            "person_id": "p-1",
            "kind": "expiry_30",
            "due": "2024-05-02",
            "coins": 10,
            "expires_on": "2024-06-01",
        },
        {"id": 2, "person_id": "p-2", "kind": "corrected", "due": "2024-05-02", "coins": 4, "expires_on": None},
    ]
    (path,) = (tmp_path / "outbox").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_written_before_a_crash_is_not_written_again(tmp_path: Path) -> None:
    NoticeFiles(tmp_path).send(ROWS[:1], TODAY)
    NoticeFiles(tmp_path).send(ROWS, date(2024, 5, 3))
    assert [line["id"] for line in lines(tmp_path)] == [1, 2]


def test_a_torn_line_is_written_anew(tmp_path: Path) -> None:
    NoticeFiles(tmp_path).send(ROWS, TODAY)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-10])
    NoticeFiles(tmp_path).send(ROWS, TODAY)
    assert [line["id"] for line in lines(tmp_path)] == [1, 2]


def test_of_a_long_file_its_end_is_known(tmp_path: Path) -> None:
    many = [NoticeRow(number, "p-1", NoticeKind.CREDITED, 19845, 10, None) for number in range(1, 5_001)]
    NoticeFiles(tmp_path).send(many, TODAY)
    (path,) = tmp_path.iterdir()
    whole = path.stat().st_size
    assert whole > KNOWN_BYTES
    with path.open("ab") as file:
        file.write(b'{"id":5001,"per')
    again = [*many[-100:], NoticeRow(5_001, "p-2", NoticeKind.CREDITED, 19845, 10, None)]
    NoticeFiles(tmp_path).send(again, TODAY)
    assert [line["id"] for line in lines(tmp_path)] == list(range(1, 5_002))
