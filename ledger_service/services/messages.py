"""Sending what waits to be sent to phones, through whatever gateway the district has. Of a message that was sent no text is kept."""

from __future__ import annotations

from typing import Protocol

from ledger_service.journal.messages import MessageRow
from ledger_service.journal.vault import PersonForgotten
from ledger_service.services.context import Context

MESSAGES_A_PASS = 50
TRIES_MAX = 5


class SmsGateway(Protocol):
    """The way to phones."""

    def send(self, phone: str, text: str) -> None:
        """Hand a message over; MessageNotSent where the gateway did not take it."""
        ...


class MessageNotSent(Exception):
    """The gateway did not take a message now."""


def send_messages(context: Context, gateway: SmsGateway) -> int:
    """Send what waits; how many were sent. One that was tried too often, or is too old to be of use, fails.

    A crash between gateway and books sends a message twice, never not at all: a code is good once anyway.
    """
    with context.journal.read() as unit:
        waiting = unit.messages.waiting(MESSAGES_A_PASS)
    return sum(_send(context, gateway, message) for message in waiting)


def _send(context: Context, gateway: SmsGateway, message: MessageRow) -> bool:
    now = context.clock.now()
    if message.expires_at <= now or message.tries >= TRIES_MAX:
        _settle(context, message.id, "failed", now)
        return False
    with context.journal.read() as unit:
        person = unit.people.by_id(message.person_id)
    try:
        seal = context.vault.of(message.person_id)
    except PersonForgotten:
        _settle(context, message.id, "failed", now)
        return False
    phone = seal.open("phone", person.phone_sealed) if person is not None and person.phone_sealed is not None else ""
    try:
        if not phone:
            raise MessageNotSent
        gateway.send(phone, seal.open("message", message.text_sealed))
    except MessageNotSent:
        with context.journal.write() as writing:
            writing.messages.tried(message.id)
            writing.commit()
        return False
    _settle(context, message.id, "sent", now)
    return True


def _settle(context: Context, message_id: str, state: str, now: int) -> None:
    with context.journal.write() as unit:
        unit.messages.settle(message_id, state, now)
        unit.commit()
