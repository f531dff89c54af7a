"""What bundles keep behind the treasury's entries: decisions, runs, gifts, closes, and what of freezes and loose acts goes with a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, tuple_

from ledger_service.domain.entries import Kind
from ledger_service.journal.chunks import chunks
from ledger_service.journal.entries import EntryRow
from ledger_service.journal.kept_rows import KeptRows, merged
from ledger_service.journal.schema import (
    account_ends,
    approvals,
    closes,
    corrections,
    donations,
    expiry_lines,
    expiry_runs,
    freezes,
    loose_acts,
    order_proposals,
    orders,
    persons,
    wish_credits,
)

QUERY_KEYS_MAX = 200
TableRows = dict[str, list[dict[str, Any]]]


class TreasuryKeepsakes:
    """Queries for those who write bundles."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows = KeptRows(connection)

    def of_entries(self, rows: Sequence[EntryRow]) -> dict[int, TableRows]:
        """By journal number what says something of the entry's person: what was decided, a gift, what a run had proposed."""
        found: dict[int, TableRows] = {}
        for numbers in chunks([row.journal_no for row in rows if row.kind == Kind.CORRECT], QUERY_KEYS_MAX):
            for correction in self._rows.of("corrections", corrections.c.journal_no.in_(numbers)):
                found[correction["journal_no"]] = {**self._decided(correction["id"]), "corrections": [correction]}
        for numbers in chunks([row.journal_no for row in rows if row.kind == Kind.DONATE], QUERY_KEYS_MAX):
            for gift in self._rows.of("donations", donations.c.journal_no.in_(numbers)):
                found[gift["journal_no"]] = {"donations": [gift]}
            for credit in self._rows.of("wish_credits", wish_credits.c.donation_no.in_(numbers)):
                found[credit["donation_no"]].setdefault("wish_credits", []).append(credit)
        ending = [
            row.journal_no for row in rows if row.kind == Kind.CLOSURE or (row.kind == Kind.MERGE and row.ref == 0)
        ]
        for numbers in chunks(ending, QUERY_KEYS_MAX):
            for end in self._rows.of("account_ends", account_ends.c.journal_no.in_(numbers)):
                found[end["journal_no"]] = {**self._decided(end["id"]), "account_ends": [end]}
        for expired in chunks([row for row in rows if row.kind == Kind.EXPIRE], QUERY_KEYS_MAX):
            lines = self._rows.of(
                "expiry_lines",
                expiry_lines.c.run_id.in_(self._runs(expired))
                & expiry_lines.c.account.in_([row.account for row in expired]),
            )
            by_account = {bytes.fromhex(line["account"]): line for line in lines}
            found.update(
                {
                    row.journal_no: {"expiry_lines": [by_account[row.account]]}
                    for row in expired
                    if row.account in by_account
                }
            )
        return found

    def shared(self, rows: Sequence[EntryRow]) -> TableRows:
        """What is nobody's: runs of expiry with their decision, month closes with theirs."""
        parts: list[TableRows] = [
            {**self._decided(run_id), "expiry_runs": self._rows.of("expiry_runs", expiry_runs.c.id == run_id)}
            for run_id in self._runs([row for row in rows if row.kind == Kind.EXPIRE])
        ]
        for numbers in chunks([row.journal_no for row in rows if row.kind == Kind.MONTH_CLOSE], QUERY_KEYS_MAX):
            found = self._rows.of("closes", closes.c.journal_no.in_(numbers))
            parts += [{**self._decided(close["id"]), "closes": [close]} for close in found]
        return merged(parts)  # type: ignore[return-value]  # of rows that were just read

    def of_orders(self, seq: int) -> tuple[list[str], TableRows, list[tuple[str, TableRows]]]:
        """The proposal of each order of a batch, in order; their decisions; and by person those that freeze somebody or lift that."""
        placed = self._connection.execute(
            select(orders.c.proposal_id, orders.c.account, persons.c.id.label("person_id"))
            .select_from(orders.outerjoin(persons, persons.c.account == orders.c.account))
            .where(orders.c.seq == seq)
            .order_by(orders.c.position)
        ).all()
        of_person = {row.proposal_id: (row.person_id, row.account) for row in placed if row.person_id is not None}
        shared = merged(self._decided(one) for one in sorted({row.proposal_id for row in placed} - of_person.keys()))
        personal = [
            (person_id, {**self._decided(one), "freezes": self._rows.of("freezes", freezes.c.account == account)})
            for one, (person_id, account) in sorted(of_person.items())
        ]
        return [row.proposal_id for row in placed], shared, personal  # type: ignore[return-value]  # as above

    def loose(self, desk: int, seq: int) -> list[tuple[str, TableRows]]:
        """Acts that are no entries and go with this batch, by person."""
        found = self._rows.of("loose_acts", (loose_acts.c.desk == desk) & (loose_acts.c.seq == seq))
        return [(act["person_id"], {"loose_acts": [act]}) for act in found]

    def _decided(self, approval_id: str) -> TableRows:
        return {
            "approvals": self._rows.of("approvals", approvals.c.id == approval_id),
            "order_proposals": self._rows.of("order_proposals", order_proposals.c.id == approval_id),
        }

    def _runs(self, rows: Sequence[EntryRow]) -> list[str]:
        """The runs behind expiries: a run's entries are accepted with its decision."""
        decided = sorted({(row.approver, row.accepted_at) for row in rows if row.approver is not None})
        if not decided:
            return []
        found = select(approvals.c.id).where(
            approvals.c.kind == "expiry",
            approvals.c.status == "approved",
            tuple_(approvals.c.decided_by, approvals.c.decided_at).in_(decided),
        )
        return sorted(self._connection.execute(found).scalars())
