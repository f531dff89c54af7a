"""The keys of the desks: how many of whom sign, who holds them, and what waits for a signature. By the orders that the chain took."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ledger_service.domain.handover import BATCHES_MAX
from ledger_service.journal.unit import Journal


@dataclass(frozen=True, slots=True)
class DeskKeys:
    """A desk's keys for its next batch; none where they are revoked or not on the chain yet.

    `kept_by`: operator or organisation. `unsigned`: sealed batches that wait for a signature.
    """

    number: int
    kind: str
    code: str
    name: str
    kept_by: str
    threshold: int
    keys: list[str]
    sealed_seq: int
    unsigned: int
    stopped: str | None
    adopting: bool


def desk_keys(journal: Journal) -> list[DeskKeys]:
    """Every desk by number. The office's keys are the contract's own from its beginning and no order of ours."""
    with journal.read() as unit:
        unsigned = Counter(row.batch.desk for row in unit.batches.sealed(BATCHES_MAX))
        history = unit.desk_keys.history()
        found = []
        for desk in unit.master.desks():
            keys = history.at(desk.number, desk.sealed_seq + 1)
            found.append(
                DeskKeys(
                    number=desk.number,
                    kind=desk.kind.name.lower(),
                    code=desk.code,
                    name=desk.name,
                    kept_by="organisation" if desk.custody else "operator",
                    threshold=keys.threshold if keys is not None else 0,
                    keys=sorted("0x" + key.hex() for key in keys.signers) if keys is not None else [],
                    sealed_seq=desk.sealed_seq,
                    unsigned=unsigned.get(desk.number, 0),
                    stopped=desk.stopped,
                    adopting=desk.adopting,
                )
            )
    return found
