"""The form that asks once more, and its key: what a step takes or gives happens once, however often the step before it is sent again.

A browser whose network failed offers to send the step before once more. With a new key each time, what had happened although its answer was
lost would happen twice. So the key follows from the first form's own key and from what is about to happen: the same leads to the same key,
and what happened already is shown instead of asked for; another amount or another person leads to another key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger_service.services.context import Once, stored_answer
from ledger_service.web.visit import Visit

STEM_LENGTH_MAX = 64
MARK_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Following:
    """A form to be sent to `action`. `done` is what it answered, if it was sent before."""

    action: str
    key: str
    fields: Mapping[str, str]
    done: Mapping[str, Any] | None


def following(visit: Visit, action: str, fields: Mapping[str, str]) -> Following:
    """What comes after this visit's form."""
    stem = visit.own_key() or visit.context.new_id()
    said = "\x1f".join(part for pair in sorted(fields.items()) for part in pair)
    # A keyed hash: the keys are kept for ever, and a member number must not be guessed from one.
    mark = visit.context.vault.member_index(said).hex()[:MARK_LENGTH]
    key = f"{stem[:STEM_LENGTH_MAX]}-{mark}"
    once = Once.of(key, b"POST", action.encode(), *(part.encode() for pair in sorted(fields.items()) for part in pair))
    return Following(action, key, fields, stored_answer(visit.context, visit.me.id, once))
