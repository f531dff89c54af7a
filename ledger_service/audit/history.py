"""What a node says has happened: its events and the transactions that caused them, a bounded range of blocks at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ledger_service.audit.office import OrderResult
from ledger_service.chain.codec import (
    BATCH_POSTED,
    BATCH_TOPICS,
    TRANSFER,
    BatchPosted,
    BatchRefused,
    EntrySkipped,
    Event,
    OrderApplied,
    OrderSkipped,
    Position,
    Reissued,
    Transfer,
    decode_logs,
    decode_wanted,
)
from ledger_service.chain.hexes import bytes_of, hex_of
from ledger_service.chain.rpc import Rpc, RpcFault, RpcReplyTooLarge, RpcUnavailable
from ledger_service.domain.batches import Domain, SignedBatch
from ledger_service.domain.hashing import word

BLOCKS_AT_ONCE_MAX = 2_000
LOGS_AT_ONCE_AIM = 10_000
TRANSACTIONS_AT_ONCE_MAX = 8

_ADDRESS_AT = 26  # 0x and twelve zero bytes before an address in a topic


class NodeIncoherent(RpcUnavailable):
    """The node's answers do not fit together, or are not what the contract can have said."""

    code = "node_incoherent"


@dataclass(slots=True)
class Landed:
    """One batch as the node tells it: its event, the batches in its transaction that claim its place, what else was said."""

    event: BatchPosted
    skips: list[tuple[int, int]] = field(default_factory=list)
    orders: list[OrderResult] = field(default_factory=list)
    reissued: list[tuple[int, int]] = field(default_factory=list)
    claims: list[tuple[SignedBatch, bytes]] = field(default_factory=list)

    def add(self, claim: SignedBatch, digest: bytes) -> None:
        """Keep a batch of the transaction that claims this place: copies with the announced head, else one other.

        A stranger may put decoys beside the true copy, with its head and other signatures; a few thousand fit into a call.
        """
        has_named = any(kept == self.event.head for _, kept in self.claims)
        if digest == self.event.head:
            self.claims = [*(self.claims if has_named else ()), (claim, digest)]
        elif not self.claims:
            self.claims = [(claim, digest)]


class History:
    """The contract's past on one node. Ranges shrink where an answer is too large and grow again where it is small."""

    def __init__(self, rpc: Rpc, domain: Domain) -> None:
        self._rpc = rpc
        self._domain = domain
        self._contract = domain.contract
        self._blocks_at_once = {"first post": BLOCKS_AT_ONCE_MAX, "batches": 16, "transfers": 1}
        self.transfers = 0
        self.transfer_sums: dict[str, int] = {}
        self.refusals: dict[str, int] = {}

    def first_post_block(self, last_block: int) -> int | None:
        """The block of post number 1, None where nothing landed up to `last_block`."""
        topics = [hex_of(BATCH_POSTED), hex_of(word(1))]
        for _, logs in self._in_ranges(0, last_block, topics, "first post"):
            if logs:
                return _decoded(logs)[0].position.block_number
        return None

    def landed(self, first_block: int, last_block: int) -> Iterator[tuple[int, list[Landed]]]:
        """(last block read, batches in the order in which they landed), range by range."""
        topics = [[hex_of(topic) for topic in BATCH_TOPICS]]
        for last, logs in self._in_ranges(first_block, last_block, topics, "batches"):
            yield last, self._with_batches(_grouped(_decoded(logs), self.refusals))

    def sum_transfers(self, first_block: int, last_block: int) -> None:
        """Add what every account received and gave, by the events, to `transfer_sums` (keys: addresses as hex digits)."""
        sums = self.transfer_sums
        for _, logs in self._in_ranges(first_block, last_block, [hex_of(TRANSFER)], "transfers"):
            self.transfers += len(logs)
            try:
                for log in logs:
                    _, giver, receiver = log["topics"]
                    coins = int(log["data"], 16)
                    giver, receiver = giver[_ADDRESS_AT:], receiver[_ADDRESS_AT:]
                    sums[giver] = sums.get(giver, 0) - coins
                    sums[receiver] = sums.get(receiver, 0) + coins
            except (KeyError, TypeError, ValueError) as error:
                raise NodeIncoherent(f"a Transfer event is malformed: {error}") from error

    def _in_ranges(
        self, first_block: int, last_block: int, topics: list[Any], what: str
    ) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        first = first_block
        while first <= last_block:
            step = self._blocks_at_once[what]
            last = min(last_block, first + step - 1)
            try:
                logs = self._logs(first, last, topics)
            except (RpcFault, RpcReplyTooLarge):
                if step == 1:
                    raise
                self._blocks_at_once[what] = max(1, step // 4)
                continue
            yield last, logs
            first = last + 1
            if len(logs) > LOGS_AT_ONCE_AIM:
                self._blocks_at_once[what] = max(1, step * LOGS_AT_ONCE_AIM // len(logs))
            elif len(logs) < LOGS_AT_ONCE_AIM // 4:
                self._blocks_at_once[what] = min(BLOCKS_AT_ONCE_MAX, step * 2)

    def _logs(self, first: int, last: int, topics: list[Any]) -> list[dict[str, Any]]:
        asked = {"address": hex_of(self._contract), "fromBlock": hex(first), "toBlock": hex(last), "topics": topics}
        logs = self._rpc.call("eth_getLogs", [asked])
        if not isinstance(logs, list):
            raise NodeIncoherent("eth_getLogs did not give a list")
        mine = hex_of(self._contract)
        for log in logs:
            if not isinstance(log, dict) or str(log.get("address")).lower() != mine:
                raise NodeIncoherent("eth_getLogs gave an event of another contract")
        return logs

    def _with_batches(self, landed: list[Landed]) -> list[Landed]:
        of_transaction: dict[bytes, list[Landed]] = {}
        for one in landed:
            of_transaction.setdefault(one.event.position.transaction_hash, []).append(one)
        hashes = list(of_transaction)
        for start in range(0, len(hashes), TRANSACTIONS_AT_ONCE_MAX):
            asked = hashes[start : start + TRANSACTIONS_AT_ONCE_MAX]
            answers = self._rpc.batch([("eth_getTransactionByHash", [hex_of(one)]) for one in asked])
            for transaction_hash, answer in zip(asked, answers, strict=True):
                self._claim(of_transaction[transaction_hash], answer)
        return landed

    def _claim(self, landed: list[Landed], transaction: Any) -> None:
        """Give every batch what its transaction's input says of its place."""
        if isinstance(transaction, RpcFault):
            raise transaction
        try:
            data = bytes_of(transaction["input"])
            if bytes_of(transaction["to"]) != self._contract:
                return
            of_place = {(one.event.desk, one.event.seq): one for one in landed}
            for claim in decode_wanted(data, of_place):
                of_place[claim.batch.desk, claim.batch.seq].add(claim, claim.batch.digest(self._domain))
        except (KeyError, TypeError, ValueError):
            return  # no claims: the batch is reported as unreadable


def _decoded(logs: list[dict[str, Any]]) -> list[Event]:
    try:
        events = decode_logs(logs)
    except ValueError as error:
        raise NodeIncoherent(str(error)) from error
    return sorted(events, key=_place)


def _place(event: Event) -> tuple[int, int]:
    position: Position = event.position
    return position.block_number, position.log_index


def _grouped(events: list[Event], refusals: dict[str, int]) -> list[Landed]:
    """Batches with what was said of their entries and orders, which stands before their own event."""
    landed: list[Landed] = []
    skips: list[tuple[int, int]] = []
    orders: list[OrderResult] = []
    reissued: list[tuple[int, int]] = []
    for event in events:
        match event:
            case EntrySkipped():
                skips.append((event.index, event.reason))
            case OrderApplied():
                orders.append(OrderResult(event.index, event.code, None))
            case OrderSkipped():
                orders.append(OrderResult(event.index, 0, event.reason))
            case Reissued():
                reissued.append((event.index, event.coins))
            case BatchPosted():
                landed.append(Landed(event, skips, orders, reissued))
                skips, orders, reissued = [], [], []
            case BatchRefused():
                refusals[event.reason.name] = refusals.get(event.reason.name, 0) + 1
            case Transfer():
                pass
    if skips or orders or reissued:
        raise NodeIncoherent("events of a batch stand without the event that it landed")
    return landed
