"""Opening balances: what residents held in the system before, brought over in setup by two people (entries of kind 11).

A file becomes a proposal whose title says how many coins it adds up to; the second person confirms the sum by approving. A lot of a person is brought
over once: its business key is the person and the lot's day.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import civil_day
from ledger_service.domain.entries import Kind
from ledger_service.errors import Invalid, NotFound, Refused
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.accept import treasury_of
from ledger_service.services.approvals import approve_once, turn_down, waiting
from ledger_service.services.context import Context, Once, run_once
from ledger_service.services.lines import LINES_NAMED_MAX, named_lines
from ledger_service.services.opening import open_order
from ledger_service.services.people_files import BalanceRow, read_balances
from ledger_service.services.reserve import reserve_move

KIND = "balances"


class SetupOver(Refused):
    """Balances of another system are brought over in setup only."""

    code = "setup_over"


class BalancesUnknown(Invalid):
    """Lines of a balances file name nobody. Fields: lines."""

    code = "balances_unknown"


class LotThere(Refused):
    """A lot of this person and day was brought over before, or stands twice in the file. Fields: lines."""

    code = "lot_there"


def propose_balances(context: Context, actor: Actor, once: Once | None, data: bytes) -> dict[str, Any]:
    """Put a file of balances before another person. Raises SetupOver, BalancesUnknown, LotThere, MasterFileInvalid."""
    actor.require(Role.OFFICE)
    rows = read_balances(data)
    if not rows:
        raise Invalid("the file has no rows: nothing was proposed", "행이 없어 제안하지 않았습니다")
    _refuse_beyond(rows, context.clock.today())
    index = {row.member_number: context.vault.member_index(row.member_number) for row in rows}

    def command(unit: WriteUnit) -> dict[str, Any]:
        _require_setup(unit)
        people = {one.member_number_index: one.id for one in unit.people.by_member_index(index.values())}
        unknown = [row.line for row in rows if index[row.member_number] not in people]
        if unknown:
            raise BalancesUnknown(
                f"{len(unknown)} lines name nobody: load the members first (lines {named_lines(unknown)})",
                f"회원이 없는 줄이 {len(unknown)}개 있습니다. 회원부터 불러오세요(줄 {named_lines(unknown)})",
                lines=unknown[:LINES_NAMED_MAX],
            )
        lots = [
            (people[index[row.member_number]], civil_day(row.lot_day), row.coins, row.expiry_months) for row in rows
        ]
        _refuse_repeated(context, unit, rows, lots)
        coins = sum(row.coins for row in rows)
        title = f"balances ({len(rows):,} lots, {coins:,} coins)"
        proposal_id = context.new_id()
        unit.approvals.add(proposal_id, KIND, "waiting", actor.id, context.clock.now())
        unit.orders.propose(proposal_id, title, {"lots": lots})
        unit.audit_log.write(
            context.clock.now(), actor.id, "propose balances", proposal_id, lots=len(rows), coins=coins
        )
        return {"id": proposal_id, "status": "waiting", "title": title, "steps": len(rows)}

    return run_once(context, actor.id, once, command)


def approve_balances(context: Context, actor: Actor, once: Once | None, proposal_id: str) -> dict[str, Any]:
    """Accept the lots of a proposal as the treasury's entries. Raises SamePerson, NotWaiting, SetupOver, LotThere, AllotmentExceeded."""
    actor.require(Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        approval = waiting(unit, actor, proposal_id, (KIND,))
        _require_setup(unit)
        found = unit.orders.proposal(proposal_id)
        if found is None:
            raise NotFound(f"there is no proposal {proposal_id}", "해당 제안이 없습니다")
        lots = found[1]["lots"]
        coins = sum(lot[2] for lot in lots)
        today, now = context.clock.today(), context.clock.now()
        treasury = treasury_of(unit)
        people = {one.id: one for one in unit.people.by_ids({lot[0] for lot in lots})}
        seals = context.vault.of_many(people)
        # The treasury's batches land from the day on until which the ledger is open.
        unit.orders.add_many(proposal_id, [open_order(civil_day(today))], civil_day(today))
        reserve_move(unit, treasury.number, coins, today)
        unit.approvals.move(proposal_id, "waiting", "approved", actor.id, now, None)
        first = unit.entries.next_numbers("journal", len(lots))
        unit.entries.add_many(
            [
                {
                    "journal_no": number, "desk": treasury.number, "kind": int(Kind.OPENING),
                    "account": people[person_id].account, "person_id": person_id, "ref": months, "units": amount,
                    "day": day, "coins": amount, "accepted_day": civil_day(today), "accepted_at": now,
                    "record_key": context.vault.record_key("boram", _key(person_id, day)),
                    "business_key_sealed": seals[person_id].seal("business_key", f"boram\x1f{_key(person_id, day)}"),
                    "who": approval.submitted_by, "approver": actor.id,
                }
                for number, (person_id, day, amount, months) in enumerate(lots, first)
            ]
        )  # fmt: skip
        unit.audit_log.write(now, actor.id, "approve balances", proposal_id, lots=len(lots), coins=coins)
        return {
            "id": proposal_id,
            "status": "approved",
            "entries": len(lots),
            "coins": coins,
            "first_journal_no": first,
        }

    return approve_once(context, actor, once, command)


def decline_balances(
    context: Context, actor: Actor, once: Once | None, proposal_id: str, reason: str
) -> dict[str, Any]:
    """Reject another's balances or withdraw one's own."""
    actor.require(Role.OFFICE)

    def command(unit: WriteUnit) -> dict[str, Any]:
        approval = waiting(unit, actor, proposal_id, (KIND,), deciding=False)
        status = turn_down(context, unit, actor, approval, reason)
        unit.audit_log.write(context.clock.now(), actor.id, f"{status} balances", proposal_id)
        return {"id": proposal_id, "status": status}

    return run_once(context, actor.id, once, command)


def _require_setup(unit: WriteUnit) -> None:
    if unit.orders.is_sealed():
        raise SetupOver(
            "setup is over: balances of another system are brought over before the ledger is opened",
            "설정이 끝났습니다. 이전 시스템의 잔액은 원장을 열기 전에만 옮길 수 있습니다",
        )


def _refuse_beyond(rows: list[BalanceRow], today: date) -> None:
    late = [row.line for row in rows if row.lot_day > today]
    if late:
        raise Invalid(
            f"a lot's day is not after today (lines {named_lines(late)})",
            f"적립일이 오늘보다 늦습니다(줄 {named_lines(late)})",
        )


def _refuse_repeated(
    context: Context, unit: WriteUnit, rows: list[BalanceRow], lots: list[tuple[str, int, int, int]]
) -> None:
    keys = [context.vault.record_key("boram", _key(person_id, day)) for person_id, day, _, _ in lots]
    counted = Counter(keys)
    known = unit.entries.known_keys(keys)
    lines = [row.line for row, key in zip(rows, keys, strict=True) if counted[key] > 1 or key in known]
    if lines:
        raise LotThere(
            f"{len(lines)} lots are there already or stand twice (lines {named_lines(lines)}): one line a person and day",
            f"이미 옮겼거나 두 번 적힌 줄이 {len(lines)}개 있습니다(줄 {named_lines(lines)}). 한 사람·하루에 한 줄입니다",
            lines=lines[:LINES_NAMED_MAX],
        )


def _key(person_id: str, day: int) -> str:
    return f"opening {person_id} {day}"
