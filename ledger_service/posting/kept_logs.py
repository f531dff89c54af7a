"""The logs beside the database: chained rows of the audit log and of the access log go into sealed files before a batch with their head is signed.

So they survive the books, like the batches in their bundles; what was written after the last file is gone with the books. A file holds rows that
follow each other and the hash before them, and tells in its name which rows and the hash of the last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag

from ledger_service.domain.hashing import ZERO32
from ledger_service.journal.access_log import AccessRow
from ledger_service.journal.audit_log import AuditRow
from ledger_service.journal.conflicts import RowConflict
from ledger_service.journal.kept_logs import AUDIT, LOGS, LogRow
from ledger_service.journal.unit import Journal, Unit
from ledger_service.journal.vault import NONCE_BYTES
from ledger_service.posting.audit_chain import chain_logs, look_hash, row_hash
from ledger_service.posting.ports import PostingContext
from ledger_service.posting.sealed_json import open_json, put_files, seal_json

FOLDER = "log"
ROWS_A_FILE = 1_000
_NAME_PARTS = 4
_HASH_DIGITS = 16
_UNREADABLE = (OSError, InvalidTag, KeyError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class LogFile:
    """What the name of a file says: `<log>-<first>-<last>-<first 16 hex digits of the last row's hash>.json`."""

    path: Path
    log: str
    first: int
    last: int
    tip: str


@dataclass(slots=True)
class LogReport:
    """What became of one log when the books were compared with its files. Numbers are those of rows; both ends count."""

    returned: int = 0
    last: int = 0
    last_at: int | None = None
    gone: list[tuple[int, int]] = field(default_factory=list)
    unfit: list[str] = field(default_factory=list)
    """Files that do not open, or that say something else than the books: both are kept."""


class KeptLogs:
    """Chains the logs and keeps them in files. One thread at a time, of whoever posts."""

    def __init__(self, context: PostingContext) -> None:
        self._context = context
        self._kept: dict[str, int] = {}

    def chain(self) -> bytes:
        """Give every row of both logs its place and have it on the disk; the hash of the audit log's last row."""
        head = chain_logs(self._context.journal, self._context.clock.now())
        while waiting := [rows for log in LOGS if (rows := self._next_rows(log))]:
            put_files(self._file(log, rows) for log, rows in waiting)
            self._kept.update((log, rows[-1].number or 0) for log, rows in waiting)
        return head

    def bring_back(self) -> dict[str, LogReport]:
        """Write: what the files have and the books have not. Before anything is sealed."""
        return {log: self._bring_back(log) for log in LOGS}

    @property
    def _folder(self) -> Path:
        return self._context.bundles_folder / FOLDER

    def _next_rows(self, log: str) -> tuple[str, list[LogRow]] | None:
        """The rows that no file holds yet, as far as they go into one."""
        if log not in self._kept:
            self._kept[log] = self._reach(log)
        with self._context.journal.read() as unit:
            rows = unit.kept_logs.after(log, self._kept[log], ROWS_A_FILE)
        return (log, rows) if rows else None

    def _file(self, log: str, rows: Sequence[LogRow]) -> tuple[Path, bytes]:
        first, last, tip = rows[0].number, rows[-1].number, rows[-1].hash
        assert first is not None, "the row is chained"
        assert tip is not None, "the row is chained"
        with self._context.journal.read() as unit:
            previous = unit.kept_logs.hashes(log, [first - 1]).get(first - 1, ZERO32)
        content = {"previous": previous.hex(), "rows": [_content(row) for row in rows]}
        vault = self._context.vault
        named = {"log": log, "first": first, "last": last}
        data = seal_json(named, content, vault.bundle_key, self._context.random_bytes(NONCE_BYTES))
        return self._folder / f"{log}-{first}-{last}-{tip.hex()[:_HASH_DIGITS]}.json", data

    def _reach(self, log: str) -> int:
        """Up to which row the files hold what the books have, without a hole: they are written anew from there."""
        files = files_of(self._folder, log)
        reach = 0
        with self._context.journal.read() as unit:
            known = unit.kept_logs.hashes(log, (one.last for one in files))
            for one in files:
                if one.last not in known or known[one.last].hex()[:_HASH_DIGITS] != one.tip:
                    continue
                if one.first > reach + 1 and (unit.kept_logs.next_number(log, reach) or one.first) < one.first:
                    break
                reach = max(reach, one.last)
        return reach

    def _bring_back(self, log: str) -> LogReport:
        report = LogReport()
        with self._context.journal.read() as unit:
            last, count = unit.kept_logs.extent(log)
        for one in files_of(self._folder, log):
            if one.last > last or count < last:
                self._bring_back_one(one, report)
        with self._context.journal.read() as unit:
            report.last, count = unit.kept_logs.extent(log)
            report.last_at = unit.kept_logs.instant_of(log, report.last)
            if count < report.last:
                report.gone = list(_holes(unit, log, report.last))
        return report

    def _bring_back_one(self, file: LogFile, report: LogReport) -> None:
        try:
            previous, rows = read_log(file, self._context.vault.bundle_key)
        except _UNREADABLE:
            report.unfit.append(file.path.name)
            return
        before = {file.first - 1: previous} if file.first > 1 else {}
        with self._context.journal.read() as unit:
            known = unit.kept_logs.hashes(file.log, [file.first - 1, *(row.number or 0 for row in rows)])
        says = before | {row.number or 0: row.hash or ZERO32 for row in rows}
        if any(says[number] != known[number] for number in says.keys() & known.keys()):
            report.unfit.append(file.path.name)
            return
        missing = [row for row in rows if row.number not in known]
        if not missing:
            return
        try:
            with self._context.journal.write() as writing:
                writing.kept_logs.put_back(file.log, missing)
                writing.returning.begin()
                writing.commit()
        except RowConflict:
            report.unfit.append(file.path.name)
        else:
            report.returned += len(missing)


def files_of(folder: Path, log: str) -> list[LogFile]:
    """The files of a log, by their first row."""
    found = []
    for path in folder.glob(f"{log}-*.json"):
        parts = path.stem.split("-")
        if len(parts) == _NAME_PARTS and parts[1].isdecimal() and parts[2].isdecimal():
            found.append(LogFile(path, log, int(parts[1]), int(parts[2]), parts[3]))
    return sorted(found, key=lambda one: (one.first, one.last, one.tip))


def read_log(file: LogFile, key: bytes) -> tuple[bytes, list[LogRow]]:
    """(the hash before them, the rows with their numbers and hashes). Raises OSError, InvalidTag, KeyError, TypeError, ValueError."""
    named, content = open_json(file.path.read_bytes(), key)
    if (named["log"], named["first"], named["last"]) != (file.log, file.first, file.last):
        raise ValueError("it is not what its name says")
    previous = head = bytes.fromhex(content["previous"])
    rows: list[LogRow] = []
    for number, values in enumerate(content["rows"], file.first):
        row = LOGS[file.log][1](**values, number=number, hash=None)
        head = row_hash(head, row) if isinstance(row, AuditRow) else look_hash(head, row)
        rows.append(LOGS[file.log][1](**values, number=number, hash=head))
    if len(rows) != file.last - file.first + 1 or head.hex()[:_HASH_DIGITS] != file.tip:
        raise ValueError("its rows are not those that its name tells")
    return previous, rows


def unlike_the_books(journal: Journal, bundles: Path, key: bytes) -> tuple[list[str], int]:
    """What is wrong with the files of both logs, and how many rows they hold. Later ones than the books have are nothing wrong."""
    wrong: list[str] = []
    numbers: set[tuple[str, int]] = set()
    for file in (one for log in LOGS for one in files_of(bundles / FOLDER, log)):
        try:
            _, rows = read_log(file, key)
        except _UNREADABLE:
            wrong.append(f"{file.path.name} does not open")
            continue
        said = {row.number: row.hash for row in rows if row.number is not None}
        with journal.read() as unit:
            known = unit.kept_logs.hashes(file.log, said)
        if any(known.get(number, one) != one for number, one in said.items()):
            wrong.append(f"{file.path.name} says something else than the books")
        numbers.update((file.log, number) for number in said)
    return wrong, len(numbers)


def lost_rows(unit: Unit, log: str, report: LogReport) -> str:
    """What of a log is gone, and what to do; nothing where nothing is."""
    found = []
    for first, last in report.gone:
        before, after = unit.kept_logs.instant_of(log, first - 1), unit.kept_logs.instant_of(log, last + 1)
        found.append(f"rows {first} to {last}, written between {instant(before)} and {instant(after)}, are gone")
    found += [f"{name} does not open, or says something else than the books" for name in report.unfit]
    heads = unit.kept_logs.unknown_heads() if log == AUDIT else []
    if heads:
        (first_desk, first_seq), (last_desk, last_seq) = heads[0], heads[-1]
        rest = "" if report.gone else f": the rows after row {report.last} of {instant(report.last_at)}"
        found.append(
            f"what {len(heads)} batches sealed, {first_desk}/{first_seq} to {last_desk}/{last_seq}, is gone{rest}"
        )
    if not found:
        return ""
    return (
        f"of the {log} log {'; '.join(found)}. Bring the files {log}-*.json back into the folder {FOLDER} of the bundles and start again; "
        "or, where there are none, acknowledge this: boram verify --books will name it"
    )


def instant(at: int | None) -> str:
    """An instant as people read it; the beginning where there is none."""
    return "the beginning" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _content(row: AuditRow | AccessRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in type(row).__slots__ if name not in ("number", "hash")}


def _holes(unit: Unit, log: str, last: int) -> Iterable[tuple[int, int]]:
    number = 0
    while number < last:
        following = unit.kept_logs.next_number(log, number)
        assert following is not None, "the last one is there"
        if following > number + 1:
            yield number + 1, following - 1
        number = _end_of_run(unit, log, following)


def _end_of_run(unit: Unit, log: str, number: int) -> int:
    while rows := unit.kept_logs.after(log, number, ROWS_A_FILE):
        if rows[0].number != number + 1:
            break
        number = rows[-1].number or 0
    return number


__all__ = [
    "FOLDER",
    "KeptLogs",
    "LogFile",
    "LogReport",
    "files_of",
    "instant",
    "lost_rows",
    "read_log",
    "unlike_the_books",
]
