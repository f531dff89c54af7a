"""An export of the books (docs/audit.md), read a line at a time and held against the chain that was just folded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger_service.audit.findings import Counts, Findings
from ledger_service.audit.history import Landed
from ledger_service.audit.office import orders_in
from ledger_service.audit.run import Applied
from ledger_service.audit.state import State
from ledger_service.chain.hexes import bytes_of, hex_of
from ledger_service.chain.signing import recover
from ledger_service.domain.amounts import in_coins
from ledger_service.domain.batches import OFFICE_DESK, Domain, SignedBatch, receipt_digest
from ledger_service.domain.entries import WORD_BYTES, Entry, Kind, is_personal_account
from ledger_service.domain.evidence import AUDIT_HEAD_TYPE, ORDER_TYPE, Leaf, root_of
from ledger_service.domain.hashing import ZERO32, keccak
from ledger_service.domain.orders import Order
from ledger_service.errors import BoramError, Invalid

VERSION = 1
ACCESS_HEAD_ACTION = "chain access log"
LINE_BYTES_MAX = 1024 * 1024

_TOTALS_OF_OTHER_KINDS = (
    "coins_expired",
    "coins_corrected",
    "coins_set_off",
    "coins_opened",
    "coins_closed",
    "accounts_closed",
    "accounts_merged",
    "month_closes",
)
_DEBITS = frozenset({Kind.REDEEM, Kind.DONATE})
_KINDS_WITHOUT_JOURNAL_NO = frozenset({Kind.REFUND, Kind.CORRECT, Kind.CLOSURE, Kind.MONTH_CLOSE})


class BooksUnreadable(Invalid):
    """The export is not one, or not of a version that this audit reads. Fields: line."""

    code = "books_unreadable"

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(
            f"line {line} of the books cannot be read ({reason}); export them again with: boram books",
            f"장부 내보내기 파일의 {line}번째 줄을 읽을 수 없습니다({reason}). 다시 내보내세요: boram books",
            line=line,
        )


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the chain says of one batch: all that its evidence is held against."""

    head: bytes
    day: int
    evidence_root: bytes
    words: bytes
    order_records: tuple[bytes, ...]
    skipped: frozenset[int]

    @property
    def count(self) -> int:
        """Entries, or orders of desk 0."""
        return len(self.words) // WORD_BYTES or len(self.order_records)


@dataclass(slots=True)
class _Open:
    """The batch whose lines are being read."""

    desk: int
    seq: int
    sealed: Sealed | None
    hashes: dict[int, bytes] = field(default_factory=dict)
    last_position: int = 0

    @property
    def name(self) -> str:
        return f"{self.desk}/{self.seq}"

    def name_of(self, position: int) -> str:
        return f"{self.name}/{position - 1}"


class BooksCheck:
    """Follows the chain while it is folded (`see`), then reads an export (`read`). 32 bytes of memory for an entry."""

    def __init__(self, domain: Domain, findings: Findings, counts: Counts) -> None:
        self._domain = domain
        self._findings = findings
        self._counts = counts
        self._sealed: dict[tuple[int, int], Sealed] = {}
        self._unread: set[tuple[int, int]] = set()
        self._audit_hashes: dict[bytes, int] = {ZERO32: 0}
        self._audit_tail = (0, ZERO32)
        self._access_tail = (0, ZERO32)
        self._access_hashes: dict[int, bytes] = {}
        self._service_keys: frozenset[bytes] = frozenset()
        self._open: _Open | None = None
        self._accounts: set[bytes] = set()
        self._latest_day = 0
        self._state = State()
        self._readers: dict[str, Callable[[dict[str, Any]], None]] = {
            "access": self._access_row,
            "audit": self._audit_row,
            "batch": self._batch,
            "entry": self._entry,
            "order": self._order,
            "pending": self._pending,
            "account": self._account,
            "totals": self._totals,
        }

    def see(self, landed: Landed, signed: SignedBatch, applied: Applied) -> None:
        """Remember what a batch of the chain has sealed."""
        batch = signed.batch
        orders = (orders_in(batch.annex) or ()) if batch.desk == OFFICE_DESK else ()
        name = (batch.desk, batch.seq)
        self._sealed[name] = Sealed(
            landed.event.head,
            batch.day,
            batch.evidence_root,
            batch.words,
            tuple(order.record() for order in orders),
            frozenset(index for index, _ in applied.skips),
        )
        self._unread.add(name)

    def read(self, path: Path, state: State) -> None:
        """Check every line of an export. Raises BooksUnreadable where it is none."""
        try:
            with path.open("rb") as file:
                self.check(iter(lambda: file.readline(LINE_BYTES_MAX + 1), b""), state)
        except OSError as error:
            raise BooksUnreadable(0, error.strerror or "cannot be opened") from error

    def check(self, lines: Iterable[bytes], state: State) -> None:
        """The same, from lines."""
        self._state, self._latest_day = state, state.latest_day
        for number, row in _rows(lines):
            self._counts.books_rows += 1
            try:
                if number == 1:
                    self._header(row)
                else:
                    self._readers[row["type"]](row)
            except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
                raise BooksUnreadable(number, f"{type(error).__name__}: {error}") from error
        if self._counts.books_rows == 0:
            raise BooksUnreadable(1, "the file is empty")
        self._close()
        for desk, seq in sorted(self._unread):
            self._findings.add("books_missing", f"{desk}/{seq}", "a batch", "nothing")
        for account in sorted(set(state.accounts) - self._accounts):
            if is_personal_account(account) and state.accounts[account].coins:
                self._findings.add("books_missing", hex_of(account), in_coins(state.accounts[account].coins), "nothing")

    # Lines

    def _header(self, row: dict[str, Any]) -> None:
        if row.get("type") != "books" or row.get("version") != VERSION:
            raise ValueError(f"the first line is not the head of books of version {VERSION}")
        where = (_number(row["chain_id"]), bytes_of(row["contract"], 20))
        if where != (self._domain.chain_id, self._domain.contract):
            raise ValueError("these are the books of another contract")
        self._service_keys = frozenset(bytes_of(key, 20) for key in row["service_keys"])

    def _access_row(self, row: dict[str, Any]) -> None:
        self._access_tail = self._linked("access log", row, self._access_tail)
        self._access_hashes[self._access_tail[0]] = self._access_tail[1]

    def _audit_row(self, row: dict[str, Any]) -> None:
        self._audit_tail = self._linked("audit log", row, self._audit_tail)
        self._audit_hashes[self._audit_tail[1]] = self._audit_tail[0]
        content = row["row"]
        if content.get("action") == ACCESS_HEAD_ACTION:
            number, anchored = _number(content["detail"]["number"]), bytes_of(content["detail"]["hash"], 32)
            found = self._access_hashes.get(number)
            if found != anchored:
                self._findings.add(
                    "books_row",
                    f"access log {number}",
                    hex_of(anchored),
                    "no such row" if found is None else hex_of(found),
                )

    def _linked(self, log: str, row: dict[str, Any], tail: tuple[int, bytes]) -> tuple[int, bytes]:
        """The new tail of a chain of hashes, with a finding where the row does not follow the one before it."""
        number, stored = _number(row["number"]), bytes_of(row["hash"], 32)
        computed = keccak(tail[1] + keccak(canonical(row["row"])))
        if number != tail[0] + 1:
            self._findings.add("books_row", f"{log} {number}", f"row {tail[0] + 1}", f"row {number}")
        elif computed != stored:
            self._findings.add("books_row", f"{log} {number}", hex_of(computed), hex_of(stored))
        return number, stored

    def _batch(self, row: dict[str, Any]) -> None:
        self._close()
        desk, seq = _number(row["desk"]), _number(row["seq"])
        sealed = self._sealed.get((desk, seq))
        opened = self._open = _Open(desk, seq, sealed)
        if sealed is None or (desk, seq) not in self._unread:
            self._findings.add("books_extra", opened.name, "no batch", "a batch")
            opened.sealed = None
            return
        self._unread.discard((desk, seq))
        head, audit_head = bytes_of(row["head"], 32), bytes_of(row["audit_head"], 32)
        self._findings.compare("books_entry", opened.name, sealed.head, head, hex_of)
        if audit_head not in self._audit_hashes:
            last_number = self._audit_tail[0]
            self._findings.add(
                "books_audit_head", opened.name, hex_of(audit_head), f"no such hash in {last_number} rows"
            )
        opened.hashes[0] = Leaf(0, AUDIT_HEAD_TYPE, 0, audit_head).hash()

    def _entry(self, row: dict[str, Any]) -> None:
        opened, position = self._at(row)
        if opened.sealed is None:
            return
        index = position - 1
        name = opened.name_of(position)
        entry = Entry(
            bytes_of(row["account"], 20),
            _number(row["kind"]),
            _number(row["ref"]),
            _number(row["units"]),
            _number(row["day"]),
            _number(row["line"]),
        )
        if index >= opened.sealed.count or opened.desk == OFFICE_DESK:
            self._findings.add("books_extra", name, f"{opened.sealed.count} entries", "one more")
            return
        on_chain = opened.sealed.words[index * WORD_BYTES : (index + 1) * WORD_BYTES]
        if entry.pack() != on_chain:
            self._findings.add("books_entry", name, told(Entry.unpack(on_chain)), told(entry))
        journal_no = _number(row["journal_no"])
        # The words of a merge's pair are alike: both carry the first one's number, which the second one's follows.
        numbered = entry.line + (entry.kind == Kind.MERGE and entry.ref == 1)
        if entry.kind not in _KINDS_WITHOUT_JOURNAL_NO and journal_no != numbered:
            self._findings.add("books_entry", name, f"journal no {numbered}", f"journal no {journal_no}")
        leaf = self._leaf(row, position, entry.kind, journal_no, name)
        opened.hashes[position] = leaf
        is_applied = index not in opened.sealed.skipped
        if entry.kind in _DEBITS and is_applied and "salt" in row and not any(bytes_of(row["consent"], 32)):
            self._findings.add("no_consent", name)
        if row.get("receipt") is not None:
            self._receipt(row["receipt"], journal_no, opened.desk, entry)

    def _leaf(self, row: dict[str, Any], position: int, kind: int, journal_no: int, name: str) -> bytes:
        """The leaf's hash: from its fields, or (a forgotten person has no salt any more) as it was kept."""
        kept = bytes_of(row["leaf"], 32)
        if "salt" not in row:
            return kept
        fields = {key: bytes_of(row[key], 32) for key in ("record", "who", "approver", "consent", "salt")}
        computed = Leaf(position, kind, journal_no, **fields).hash()
        if computed != kept:
            self._findings.add("books_row", name, hex_of(kept), hex_of(computed))
        return kept

    def _order(self, row: dict[str, Any]) -> None:
        opened, position = self._at(row)
        if opened.sealed is None:
            return
        name, records = opened.name_of(position), opened.sealed.order_records
        if position > len(records):
            self._findings.add("books_extra", name, f"{len(records)} orders", "one more")
            return
        record = Order(_number(row["code"]), tuple(int(value) for value in row["args"])).record()
        self._findings.compare("books_entry", name, records[position - 1], record, hex_of)
        opened.hashes[position] = Leaf(position, ORDER_TYPE, 0, record).hash()

    def _pending(self, row: dict[str, Any]) -> None:
        """An accepted entry that no batch of the chain holds yet."""
        receipt = row.get("receipt")
        if receipt is None:
            return
        account = bytes_of(row["account"], 20)
        entry = Entry(account, _number(row["kind"]), 0, _number(row["units"]), _number(row["day"]), 0)
        journal_no = _number(row["journal_no"])
        self._receipt(receipt, journal_no, _number(row["desk"]), entry)
        posted_by = _number(receipt["posted_by"])
        if posted_by < self._latest_day:
            self._findings.add(
                "receipt_omitted", journal_no, f"day {posted_by}", f"the ledger is at day {self._latest_day}"
            )

    def _receipt(self, receipt: dict[str, Any], journal_no: int, desk: int, entry: Entry) -> None:
        digest = receipt_digest(
            self._domain,
            journal_no,
            desk,
            entry.kind,
            entry.account,
            entry.units,
            entry.day,
            _number(receipt["posted_by"]),
        )
        try:
            signer = hex_of(recover(digest, bytes_of(receipt["signature"])))
        except BoramError:
            signer = "nobody"
        if signer not in {hex_of(key) for key in self._service_keys}:
            keys = ", ".join(sorted(hex_of(key) for key in self._service_keys)) or "no key"
            self._findings.add("receipt_signature", journal_no, keys, signer)

    def _account(self, row: dict[str, Any]) -> None:
        account = bytes_of(row["account"], 20)
        found = self._state.accounts.get(account)
        coins = found.coins if found else 0
        if account in self._accounts:
            self._findings.add("books_extra", hex_of(account), "one line", "another")
        self._accounts.add(account)
        self._findings.compare("books_balance", hex_of(account), coins, _number(row["coins"]))
        if "debt" in row:
            self._findings.compare("books_debt", hex_of(account), found.debt if found else 0, _number(row["debt"]))

    def _totals(self, row: dict[str, Any]) -> None:
        names = ("batches", "entries", "coins_credited", "coins_redeemed", "coins_refunded", "coins_donated", "supply")
        for name in (*names, *(name for name in _TOTALS_OF_OTHER_KINDS if name in row)):
            self._findings.compare("books_total", name, getattr(self._counts, name), _number(row[name]))

    # Batches

    def _at(self, row: dict[str, Any]) -> tuple[_Open, int]:
        if self._open is None:
            raise ValueError("an entry or order before any batch")
        opened, position = self._open, _number(row["position"])
        if position != opened.last_position + 1 and opened.sealed is not None:
            self._findings.add(
                "books_row", opened.name_of(position), f"position {opened.last_position + 1}", f"position {position}"
            )
        opened.last_position = position
        return opened, position

    def _close(self) -> None:
        """All lines of the open batch were read: its leaves must be complete and lead to the signed root."""
        opened, self._open = self._open, None
        if opened is None or opened.sealed is None:
            return
        wanted = range(opened.sealed.count + 1)
        missing = [position for position in wanted if position not in opened.hashes]
        for position in missing:
            self._findings.add("books_missing", opened.name_of(position), "a row", "nothing")
        if missing:
            return
        root = root_of([opened.hashes[position] for position in wanted])
        self._findings.compare("books_evidence_root", opened.name, opened.sealed.evidence_root, root, hex_of)


def canonical(row: Any) -> bytes:
    """Canonical JSON (docs/formats.md): UTF-8, keys sorted, no white space, integers only. Raises ValueError for a float."""

    def refuse(value: Any) -> None:
        if isinstance(value, float):
            raise ValueError("canonical JSON has integers only")
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            refuse(inner)

    refuse(row)
    return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def told(entry: Entry) -> str:
    """An entry as a finding shows it."""
    return f"kind {entry.kind} ref {entry.ref} units {entry.units} day {entry.day} line {entry.line} of {hex_of(entry.account)}"


def _rows(lines: Iterable[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_BYTES_MAX:
            raise BooksUnreadable(number, f"longer than {LINE_BYTES_MAX:,} bytes")
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise BooksUnreadable(number, f"not JSON: {error}") from error
        if not isinstance(row, dict):
            raise BooksUnreadable(number, "not an object")
        yield number, row


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is not a whole number")
    return value
