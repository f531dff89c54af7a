"""Books held against the chain: whole ones hold, and a changed, deleted, reordered or inserted row is named."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger_service.audit.books import BooksUnreadable, canonical
from ledger_service.audit.findings import Report
from ledger_service.audit.office import orders_in
from ledger_service.audit.verify import verify
from ledger_service.chain.hexes import hex_of
from ledger_service.domain.batches import Batch, annex_of, proof_item, receipt_digest
from ledger_service.domain.entries import Entry, Kind, fund_account
from ledger_service.domain.evidence import Leaf, root_of
from ledger_service.domain.hashing import ZERO32, keccak
from tests.audit.support import DAY, MONTH, Desk, Ledger, credits_of, person, signed, signer

Rows = list[dict[str, Any]]
SERVICE = signer("service")


class Books:
    """A small history and its export."""

    def __init__(self, ledger: Ledger, path: Path) -> None:
        self.ledger = ledger
        self.path = path
        self.log: Rows = []
        self.desks = ledger.set_up()
        self.write_log(3)
        self._post(self.desks[1], credits_of(random.Random(3), 40, 10))
        self.write_log(2)
        charged = self._post(self.desks[11], [Entry(person(n), Kind.REDEEM, 0, 2, DAY, 100 + n) for n in range(5)])
        refund = Entry(person(2), Kind.REFUND, 2, 1, DAY, 1)
        self._post(self.desks[11], [refund], annex_of([proof_item(charged, 2)]))
        expiry = Entry(person(1), Kind.EXPIRE, 0, 2, DAY, 200)
        expired = self._post(self.desks[21], [expiry])
        restored = Entry(person(1), Kind.CORRECT, 0, 1, 21, expired.seq)
        fund = Entry(fund_account(1), Kind.MONTH_CLOSE, MONTH, 0, DAY, 0)
        self._post(self.desks[21], [restored, fund], annex_of([proof_item(expired, 0)]))

    def _post(self, desk: Desk, entries: list[Entry], annex: bytes = b"") -> Batch:
        desk.audit_head = bytes.fromhex(self.log[-1]["hash"][2:])
        sealed = desk.seal(self.ledger.domain, entries, annex=annex)
        self.ledger.post(sealed)
        return sealed.batch

    def write_log(self, count: int) -> None:
        for _ in range(count):
            head = bytes.fromhex(self.log[-1]["hash"][2:]) if self.log else ZERO32
            number = len(self.log) + 1
            row = {"at": 1_700_000_000 + number, "actor": "0190c0de", "action": "import.approved", "why": "확인"}
            head = keccak(head + keccak(canonical(row)))
            self.log.append({"type": "audit", "number": number, "row": row, "hash": hex_of(head)})

    def rows(self) -> Rows:
        report = verify(self.ledger.rpc, self.ledger.contract)
        contract, chain_id = hex_of(self.ledger.contract), self.ledger.domain.chain_id
        head = {"type": "books", "version": 1, "chain_id": chain_id, "contract": contract}
        rows: Rows = [{**head, "service_keys": [hex_of(SERVICE.address)]}, *self.log]
        for desk in (self.ledger.office, *self.desks.values()):
            for batch in desk.batches:
                rows += self._batch(desk, batch)
        counted = report.as_json()["counts"]
        names = ("batches", "entries", "coins_credited", "coins_redeemed", "coins_refunded", "coins_donated", "supply")
        names += ("coins_expired", "coins_corrected", "month_closes")
        rows.append({"type": "totals", **{name: counted[name] for name in names}})
        return rows

    def _batch(self, desk: Desk, batch: Batch) -> Rows:
        leaves = desk.leaves[batch.seq]
        head = hex_of(batch.digest(self.ledger.domain))
        name = {"desk": desk.number, "seq": batch.seq}
        rows: Rows = [{"type": "batch", **name, "head": head, "audit_head": hex_of(leaves[0].record)}]
        if desk.number == 0:
            return rows + [
                {"type": "order", "position": at, "code": order.code, "args": [str(value) for value in order.args]}
                for at, order in enumerate(orders_in(batch.annex) or (), 1)
            ]
        for at, (packed, leaf) in enumerate(zip(batch.entry_words(), leaves[1:], strict=True), 1):
            entry = Entry.unpack(packed)
            fields = {key: hex_of(getattr(leaf, key)) for key in ("record", "who", "approver", "consent", "salt")}
            rows.append({"type": "entry", "position": at, **told(entry), "journal_no": leaf.journal_no, **fields})
            rows[-1] |= {"leaf": hex_of(leaf.hash()), "receipt": self.receipt(desk.number, leaf.journal_no, entry)}
        return rows

    def receipt(self, desk: int, journal_no: int, entry: Entry) -> dict[str, Any]:
        fields = (journal_no, desk, entry.kind, entry.account, entry.units, entry.day)
        digest = receipt_digest(self.ledger.domain, *fields, posted_by := DAY + 3)
        return {"posted_by": posted_by, "signature": hex_of(SERVICE.sign_digest(digest))}

    def verify(self, rows: Rows) -> Report:
        self.path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return verify(self.ledger.rpc, self.ledger.contract, books=self.path)


def told(entry: Entry) -> dict[str, Any]:
    fields = {"kind": int(entry.kind), "ref": entry.ref, "units": entry.units, "day": entry.day, "line": entry.line}
    return {"account": hex_of(entry.account), **fields}


@pytest.fixture
def books(ledger: Ledger, tmp_path: Path) -> Books:
    return Books(ledger, tmp_path / "books.jsonl")


@pytest.fixture
def rows(books: Books) -> Rows:
    told = books.rows()
    accounts = sorted({row["account"] for row in told if row["type"] == "entry"})
    first = books.verify(told)
    balances = {one.where: one.expected for one in first.findings if one.code == "books_missing"}
    told += [{"type": "account", "account": one, "coins": int(balances.get(one, "0").split()[0])} for one in accounts]
    return told


def found(report: Report) -> list[tuple[str, str]]:
    return [(one.code, one.where) for one in report.findings]


def place(rows: Rows, desk: int, seq: int, position: int) -> int:
    """The index of a row in the export."""
    start = next(
        index for index, row in enumerate(rows) if row["type"] == "batch" and (row["desk"], row["seq"]) == (desk, seq)
    )
    return start + position


def test_whole_books_hold(books: Books, rows: Rows) -> None:
    report = books.verify(rows)
    assert report.findings == ()
    assert report.counts.books_rows == len(rows)
    assert not [one for one in report.signals if one.code == "no_consent"]


def change(desk: int, seq: int, position: int, /, **fields: Any) -> Callable[[Rows], None]:
    def spoil(rows: Rows) -> None:
        rows[place(rows, desk, seq, position)] |= fields

    return spoil


def delete(desk: int, seq: int, position: int) -> Callable[[Rows], None]:
    return lambda rows: rows.pop(place(rows, desk, seq, position)) and None


def swap(desk: int, seq: int, one: int, other: int) -> Callable[[Rows], None]:
    def spoil(rows: Rows) -> None:
        a, b = place(rows, desk, seq, one), place(rows, desk, seq, other)
        rows[a], rows[b] = rows[b], rows[a]

    return spoil


def insert(desk: int, seq: int, position: int) -> Callable[[Rows], None]:
    def spoil(rows: Rows) -> None:
        at = place(rows, desk, seq, position)
        rows.insert(at + 1, {**rows[at], "position": position + 1})

    return spoil


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (change(11, 1, 2, units=900), [("books_entry", "11/1/1"), ("receipt_signature", "101")]),
        (change(1, 1, 3, approver="0x" + "11" * 32), [("books_row", "1/1/2")]),
        (change(1, 1, 3, leaf="0x" + "11" * 32), [("books_row", "1/1/2"), ("books_evidence_root", "1/1")]),
        (delete(1, 1, 40), [("books_missing", "1/1/39")]),
        (delete(1, 1, 7), [("books_row", "1/1/7"), ("books_missing", "1/1/6")]),
        (swap(1, 1, 7, 8), [("books_row", "1/1/7"), ("books_row", "1/1/6"), ("books_row", "1/1/8")]),
        (insert(11, 1, 5), [("books_extra", "11/1/5")]),
        (change(0, 1, 2, args=["1"]), [("books_entry", "0/1/1"), ("books_evidence_root", "0/1")]),
        (change(1, 1, 0, audit_head=hex_of(ZERO32)), [("books_evidence_root", "1/1")]),
        (change(1, 1, 0, head="0x" + "22" * 32), [("books_entry", "1/1")]),
        (change(1, 1, 0, seq=9), [("books_extra", "1/9"), ("books_missing", "1/1")]),
    ],
)
def test_a_spoilt_row_is_named(
    books: Books, rows: Rows, spoil: Callable[[Rows], None], expected: list[tuple[str, str]]
) -> None:
    spoil(rows)
    assert found(books.verify(rows)) == expected


def test_a_changed_row_of_the_audit_log_is_named(books: Books, rows: Rows) -> None:
    rows[2]["row"]["why"] = "다른 이유"
    assert found(books.verify(rows)) == [("books_row", "audit log 2")]


def test_a_deleted_row_of_the_audit_log_is_named(books: Books, rows: Rows) -> None:
    del rows[2]
    assert found(books.verify(rows)) == [("books_row", "audit log 3")]


def test_reordered_rows_of_the_audit_log_are_named(books: Books, rows: Rows) -> None:
    rows[2], rows[3] = rows[3], rows[2]
    assert {where for _, where in found(books.verify(rows))} >= {"audit log 3", "audit log 2"}


def test_an_inserted_row_of_the_audit_log_is_named(books: Books, rows: Rows) -> None:
    rows.insert(2, {**rows[2], "row": {**rows[2]["row"], "why": "nobody's"}})
    assert found(books.verify(rows)) == [("books_row", "audit log 2")] * 2


def with_looks(rows: Rows) -> Rows:
    """The export with three looks, whose head a row of the audit log names."""
    head, looks = bytes(32), []
    for number in (1, 2, 3):
        row = {"id": number, "at": 1, "actor": "a", "person": f"p{number}", "reason": "문의"}
        head = keccak(head + keccak(canonical(row)))
        looks.append({"type": "access", "number": number, "row": row, "hash": hex_of(head)})
    last = max(index for index, row in enumerate(rows) if row["type"] == "audit")
    row = {"action": "chain access log", "detail": {"number": 3, "hash": hex_of(head)}}
    link = keccak(bytes.fromhex(rows[last]["hash"][2:]) + keccak(canonical(row)))
    anchor = {"type": "audit", "number": rows[last]["number"] + 1, "row": row, "hash": hex_of(link)}
    return [rows[0], *looks, *rows[1 : last + 1], anchor, *rows[last + 1 :]]


def test_an_access_log_whose_head_the_audit_log_names_holds(books: Books, rows: Rows) -> None:
    assert found(books.verify(with_looks(rows))) == []


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        (lambda rows: rows[2]["row"].update(person="p9"), "access log 2"),
        (lambda rows: rows.pop(2), "access log 3"),
        (lambda rows: rows.insert(2, dict(rows[2])), "access log 2"),
        (lambda rows: rows.insert(1, rows.pop(2)), "access log 2"),
        (lambda rows: rows.pop(3), "access log 3"),
    ],
    ids=["changed", "deleted", "inserted", "reordered", "cut at its end"],
)
def test_a_spoilt_access_log_is_named(books: Books, rows: Rows, spoil: Any, where: str) -> None:
    told = with_looks(rows)
    spoil(told)
    assert ("books_row", where) in found(books.verify(told))


def test_an_access_log_that_was_chained_anew_is_not_what_the_audit_log_names(books: Books, rows: Rows) -> None:
    told, head = with_looks(rows), bytes(32)
    told[2]["row"]["person"] = "p9"
    for row in told[1:4]:
        head = keccak(head + keccak(canonical(row["row"])))
        row["hash"] = hex_of(head)
    assert found(books.verify(told)) == [("books_row", "access log 3")]


def test_an_audit_log_that_was_chained_anew_loses_the_sealed_heads(books: Books, rows: Rows) -> None:
    head = bytes.fromhex(rows[1]["hash"][2:])
    rows[2]["row"]["why"] = "다른 이유"
    for row in rows[2:6]:
        head = keccak(head + keccak(canonical(row["row"])))
        row["hash"] = hex_of(head)
    report = books.verify(rows)
    sealed_after = ("1/1", "11/1", "11/2", "21/1", "21/2")
    assert found(report) == [("books_audit_head", where) for where in sealed_after]


def test_a_wrong_balance_a_hidden_account_and_a_wrong_sum_are_named(books: Books, rows: Rows) -> None:
    rows[-1]["coins"] += 5
    hidden = rows.pop(-2)
    totals = next(row for row in rows if row["type"] == "totals")
    assert (totals["coins_expired"], totals["coins_corrected"], totals["month_closes"]) == (2, 1, 1)
    totals["coins_redeemed"] += 1
    totals["coins_corrected"] -= 1
    assert found(books.verify(rows)) == [
        ("books_total", "coins_redeemed"),
        ("books_total", "coins_corrected"),
        ("books_balance", rows[-1]["account"]),
        ("books_missing", hidden["account"]),
    ]


def test_a_receipt_without_its_entry_is_omission(books: Books, rows: Rows) -> None:
    entry = Entry(person(1), Kind.CREDIT, 1, 60, DAY, 5_000)
    late = {"type": "pending", "desk": 1, "journal_no": 5_000, **told(entry), "receipt": books.receipt(1, 5_000, entry)}
    rows.append(late)
    assert books.verify(rows).findings == ()
    books.ledger.post(books.desks[2].seal(books.ledger.domain, credits_of(random.Random(1), 1, 3), day=DAY + 4))
    assert ("receipt_omitted", "5000") in found(books.verify(rows))


def test_a_receipt_of_another_key_is_named(books: Books, rows: Rows) -> None:
    rows[0]["service_keys"] = [hex_of(person(1))]
    assert ("receipt_signature", "101") in found(books.verify(rows))


def test_a_forgotten_persons_entry_stands_by_its_leaf(books: Books, rows: Rows) -> None:
    row = rows[place(rows, 11, 1, 3)]
    for name in ("record", "who", "approver", "consent", "salt"):
        del row[name]
    assert books.verify(rows).findings == ()


def test_a_debit_without_consent_is_a_signal(books: Books, rows: Rows) -> None:
    desk = books.desks[12]
    sealed = desk.seal(books.ledger.domain, [Entry(person(1), Kind.REDEEM, 0, 1, DAY, 300)])
    desk.leaves[1][1] = Leaf(1, 2, 300, keccak(b"r"), salt=keccak(b"s"))
    batch = replace(sealed.batch, evidence_root=root_of([leaf.hash() for leaf in desk.leaves[1]]))
    desk.batches[-1] = batch
    books.ledger.post(signed(batch, books.ledger.domain, desk.signers))
    report = books.verify([*rows[:-11], *books._batch(desk, batch), *rows[-11:]])
    assert ("no_consent", "12/1/0") in [(one.code, one.where) for one in report.signals]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("not json\n", 1),
        ('{"type": "other"}\n', 1),
        ('{"type": "books", "version": 2}\n', 1),
        ("[1]\n", 1),
    ],
)
def test_what_is_no_export_cannot_be_checked(books: Books, text: str, line: int) -> None:
    books.path.write_text(text)
    with pytest.raises(BooksUnreadable) as refused:
        verify(books.ledger.rpc, books.ledger.contract, books=books.path)
    assert refused.value.fields["line"] == line


def test_a_missing_field_names_its_line(books: Books, rows: Rows) -> None:
    del rows[4]["hash"]
    with pytest.raises(BooksUnreadable, match="line 5"):
        books.verify(rows)


def test_a_file_that_is_not_there_cannot_be_checked(books: Books) -> None:
    with pytest.raises(BooksUnreadable, match="No such file"):
        verify(books.ledger.rpc, books.ledger.contract, books=books.path.with_name("none"))


def test_books_of_another_contract_are_refused(books: Books, rows: Rows) -> None:
    rows[0]["contract"] = hex_of(person(1))
    with pytest.raises(BooksUnreadable, match="another contract"):
        books.verify(rows)


def test_canonical_json_has_no_floats() -> None:
    assert canonical({"b": 1, "a": "가"}) == '{"a":"가","b":1}'.encode()
    with pytest.raises(ValueError, match="integers"):
        canonical({"a": [1.5]})
