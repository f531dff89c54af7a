"""Around a page that may show people: whoever is touched while it is made gets a row in the access log, before the answer leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ledger_service.domain.actors import Actor
from ledger_service.journal.access_log import LOOKING, Looking
from ledger_service.services.context import Context


@contextmanager
def looked(context: Context, actor: Actor, address: str, action: str, reason: str) -> Iterator[None]:
    """`action` is method and route, never a path with its ids. Also after a refusal: a look that ended in an error was a look."""
    looking = Looking(actor.id, actor.assisted_by, address, action, reason, context.clock.now())
    token = LOOKING.set(looking)
    try:
        yield
    finally:
        if looking.is_unwritten():
            with context.journal.write() as unit:
                unit.commit()  # which writes what is noted
        LOOKING.reset(token)
