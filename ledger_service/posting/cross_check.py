"""Before the books act on what a node's logs say, the contract's own storage is asked, and what would stop a desk for good is read twice.

Logs can be left out, late, or forged, one answer at a time: a node behind a balancer that has not indexed yet shows none. A batch that is missed
would wait for ever, and one that is believed would pay. The storage is another answer about the same block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ledger_service.chain.contract import ChainLies, LedgerContract
from ledger_service.chain.rpc import RpcFault
from ledger_service.posting.landings import Landing, Reading, read_landings


def require_storage_agrees(contract: LedgerContract, reading: Reading) -> None:
    """The batches that landed in these blocks are as many as the contract counts, and their heads are those it keeps.

    A node that takes in a block meanwhile may answer about the one before with the new state, so it is asked twice. Raises ChainLies.
    """
    try:
        _require_storage_agrees(contract, reading)
    except ChainLies:
        _require_storage_agrees(contract, reading)


def _require_storage_agrees(contract: LedgerContract, reading: Reading) -> None:
    if not reading.blocks:
        return
    first, last = reading.blocks[0][0], reading.blocks[-1][0]
    landings = reading.landings
    before = _posts(contract, first - 1)
    after = _posts(contract, last)
    if after is not None:
        _require(not landings or landings[-1].event.post_number == after, f"block {last} has other posts than its logs")
        _require(before is None or after - before == len(landings), f"logs of blocks {first} to {last} are missing")
    if landings and after is not None:
        heads = contract.heads_of([landing.key for landing in landings], last)
        for landing, head in zip(landings, heads, strict=True):
            _require(head == landing.event.head, f"batch {landing.event.seq} of desk {landing.event.desk} is not there")


def require_read_twice(
    contract: LedgerContract, reading: Reading, is_grave: Callable[[Sequence[Landing]], bool]
) -> None:
    """What stops a desk or a batch until a person comes must be said twice in the same words. Raises ChainLies."""
    if not reading.blocks or not (reading.refused or is_grave(reading.landings)):
        return
    again = read_landings(contract, reading.blocks[0][0], reading.blocks[-1][0])
    _require(again == reading, "the same blocks were told in two ways")


def _posts(contract: LedgerContract, block: int) -> int | None:
    """How many batches had landed; None where the node has that state no more, or not yet."""
    try:
        return contract.status(block).posts
    except RpcFault:
        return None


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001  what is required
    if not holds:
        raise ChainLies(otherwise)
