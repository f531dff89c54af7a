"""How a notice leaves the outbox: as a message to a telephone where the district has a gateway and the person a number, else to a sender,
which may print letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from ledger_service.domain.notices import Sign, Standing, notice_text
from ledger_service.journal.notices import NoticeRow
from ledger_service.journal.people import PersonRow
from ledger_service.journal.unit import Unit
from ledger_service.services.context import Context

SENT_A_PASS = 100
TEXT_GOOD_SECONDS = 3 * 24 * 3600  # a balance of last week only confuses


class NoticeSender(Protocol):
    """Where notices go that are no message. It may be given a row again after a crash, and knows it by its id."""

    def send(self, rows: Sequence[NoticeRow], today: date) -> None:
        """Take these over; what is raised leaves them in the outbox."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """Ways out of the outbox. `sign` is what messages are signed with; None where no gateway takes them."""

    sender: NoticeSender
    sign: Sign | None = None


def deliver_notices(context: Context, delivery: Delivery) -> int:
    """Give the oldest of the outbox to whoever carries them; how many. One becomes a message in the transaction that takes it off the list."""
    with context.journal.read() as unit:
        rows = unit.notices.unsent(SENT_A_PASS)
        texts = {} if delivery.sign is None else _texts(context, unit, rows, delivery.sign)
    if not rows:
        return 0
    rest = [row for row in rows if row.id not in texts]
    if rest:
        delivery.sender.send(rest, context.clock.today())
    now = context.clock.now()
    with context.journal.write() as unit:
        marked = unit.notices.mark_sent([row.id for row in rows], now)
        for row in rows:
            if row.id in texts and row.id in marked:
                person_id, sealed = texts[row.id]
                unit.messages.add(context.new_id(), person_id, row.kind, sealed, now, now + TEXT_GOOD_SECONDS)
        unit.commit()
    return len(rows)


def _texts(context: Context, unit: Unit, rows: Sequence[NoticeRow], sign: Sign) -> dict[int, tuple[str, bytes]]:
    """(person, sealed text) by notice, of those who have a telephone and are not forgotten."""
    reached: dict[str, PersonRow] = {}
    for row in rows:
        person = unit.people.acting(row.person_id)
        if person is not None and person.phone_sealed is not None:
            reached[row.person_id] = person
    seals = context.vault.of_many({person.id for person in reached.values()})
    standing = {person.account: _standing(unit, person.account) for person in reached.values()}
    found = {}
    for row in rows:
        person = reached.get(row.person_id)
        if person is not None and person.id in seals:
            text = notice_text(sign, row.kind, row.coins, row.expiry_day, standing[person.account])
            found[row.id] = person.id, seals[person.id].seal("message", text)
    return found


def _standing(unit: Unit, address: bytes) -> Standing:
    account = unit.accounts.read(address)
    assert account is not None  # a foreign key says so
    return Standing(account.available, unit.lots.history(address).next_expiry(address))
