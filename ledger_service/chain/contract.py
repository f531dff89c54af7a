"""The contract's views and logs, read from one node at a named block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ledger_service.chain.artifact import Artifact, load_artifact
from ledger_service.chain.codec import Event, decode_logs
from ledger_service.chain.hexes import BlockTag, block_parameter, bytes_of, hex_of, number_of
from ledger_service.chain.identity import NotOurChain
from ledger_service.chain.rpc import Rpc, RpcFault, read_answer
from ledger_service.domain.batches import Domain
from ledger_service.domain.entries import WORD_BYTES
from ledger_service.domain.hashing import keccak, word
from ledger_service.errors import Unavailable

SLOTS_PER_CALL_MAX = 1_000
SLOTS_CALLS_PER_REQUEST_MAX = 20  # 1.3 MB of calldata, below the 5 MB that nodes take

_STATUS = keccak(b"status()")[:4]
_TOTALS = keccak(b"totals()")[:4]
_TIP = keccak(b"tip(uint16)")[:4]
_HEAD_OF = keccak(b"headOf(uint16,uint32)")[:4]
_SKIPS_OF = keccak(b"skipsOf(uint16,uint32)")[:4]
_SLOTS_OF = keccak(b"slotsOf(address[])")[:4]
_KRW_DUE_OF = keccak(b"krwDueOf(address)")[:4]
_DISTRICT = keccak(b"district()")[:4]


class ChainLies(Unavailable):
    """A node's answers contradict each other, or the contract: nothing of what it says may be used."""

    code = "chain_lies"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the chain's node contradicts itself: {reason}. Check the node, or use another one",
            f"체인 노드의 응답이 서로 맞지 않습니다: {reason}. 노드를 점검하거나 다른 노드를 사용하세요",
        )


@dataclass(frozen=True, slots=True)
class Status:
    """`status()`: number of posts, latest day posted by any desk, last day open to desks, setup over, paused."""

    posts: int
    latest_day: int
    open_until: int
    is_sealed: bool
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a desk stands; `next_seq` is 0 for a desk that is not registered."""

    next_seq: int
    head: bytes
    day: int


@dataclass(frozen=True, slots=True)
class AccountSlot:
    """All that the contract holds of one account."""

    coins: int
    debt: int
    earned_this_month: int
    earned_month_before: int
    month: int
    frozen: bool
    closed: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums since the beginning, in coins."""

    credited: int
    opened: int
    reissued: int
    restored: int
    burnt: int

    @property
    def supply(self) -> int:
        """The coins that exist."""
        return self.credited + self.opened + self.reissued + self.restored - self.burnt


class LedgerContract:
    """The contract at an address. Every read names its block; RpcFault where the node no longer has that state."""

    def __init__(self, rpc: Rpc, address: bytes) -> None:
        self.rpc = rpc
        self.address = address

    @cached_property
    def domain(self) -> Domain:
        """The EIP-712 domain that signatures here are for, by the chain id that the node names."""
        return Domain(read_answer(number_of, self.rpc.call("eth_chainId")), self.address)

    def status(self, block: BlockTag) -> Status:
        """`status()`."""
        posts, latest_day, open_until, is_sealed, is_paused = self._read(_STATUS, block, 5)
        return Status(posts, latest_day, open_until, bool(is_sealed), bool(is_paused))

    def totals(self, block: BlockTag) -> Totals:
        """`totals()`."""
        return Totals(*self._read(_TOTALS, block, 5))

    def district(self, block: BlockTag) -> bytes:
        """The district's code, 32 bytes."""
        return word(self._read(_DISTRICT, block, 1)[0])

    def tips(self, desks: Sequence[int], block: BlockTag) -> dict[int, Tip]:
        """`tip()` of each desk, in one request."""
        answers = self._read_all([_TIP + word(desk) for desk in desks], block, 3)
        return {
            desk: Tip(next_seq, word(head), day) for desk, (next_seq, head, day) in zip(desks, answers, strict=True)
        }

    def head_of(self, desk: int, seq: int, block: BlockTag) -> bytes:
        """The head at (desk, seq), 32 bytes, zero where nothing has landed."""
        return self.heads_of([(desk, seq)], block)[0]

    def heads_of(self, batches: Sequence[tuple[int, int]], block: BlockTag) -> list[bytes]:
        """`head_of` of many batches, in one request."""
        calls = [_HEAD_OF + word(desk) + word(seq) for desk, seq in batches]
        return [word(head) for (head,) in self._read_all(calls, block, 1)]

    def skips_of(self, desk: int, seq: int, block: BlockTag) -> list[int]:
        """The indexes of the entries that were skipped in a batch, ascending."""
        low, high = self._read(_SKIPS_OF + word(desk) + word(seq), block, 2)
        bitmap = high << 256 | low
        return [index for index in range(bitmap.bit_length()) if bitmap >> index & 1]

    def krw_due_of(self, accounts: Sequence[bytes], block: BlockTag) -> list[int]:
        """KRW that the district owes to each venue's or fund's account since its last close; negative: to be netted."""
        calls = [_KRW_DUE_OF + account.rjust(32, b"\0") for account in accounts]
        return [due - (1 << 256) if due >> 255 else due for (due,) in self._read_all(calls, block, 1)]

    def slots_of(self, accounts: Sequence[bytes], block: BlockTag) -> list[AccountSlot]:
        """What the contract holds of each account, in the order asked; 1,000 accounts a call."""
        chunks = [accounts[at : at + SLOTS_PER_CALL_MAX] for at in range(0, len(accounts), SLOTS_PER_CALL_MAX)]
        slots: list[AccountSlot] = []
        for start in range(0, len(chunks), SLOTS_CALLS_PER_REQUEST_MAX):
            asked = chunks[start : start + SLOTS_CALLS_PER_REQUEST_MAX]
            answers = self._call_all([_slots_call(chunk) for chunk in asked], block)
            for chunk, answer in zip(asked, answers, strict=True):
                words = _words(answer, 2 + len(chunk))
                if words[:2] != [WORD_BYTES, len(chunk)]:
                    raise ChainLies("slotsOf() answered for other accounts than asked")
                slots.extend(_slot(value) for value in words[2:])
        return slots

    def logs(self, from_block: int, to_block: int, topics: Sequence[bytes]) -> list[Event]:
        """The contract's events of these kinds in a range of blocks, both ends included, in the order of the chain."""
        asked = {
            "fromBlock": hex(from_block),
            "toBlock": hex(to_block),
            "address": hex_of(self.address),
            "topics": [[hex_of(topic) for topic in topics]],
        }
        logs = self.rpc.call("eth_getLogs", [asked])
        address = hex_of(self.address)
        try:
            if any(log["address"].lower() != address for log in logs):
                raise ChainLies("a log of another contract was given")
            events = decode_logs(logs)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ChainLies(str(error)) from error
        events.sort(key=lambda event: (event.position.block_number, event.position.log_index))
        if events and not (
            from_block <= events[0].position.block_number and events[-1].position.block_number <= to_block
        ):
            raise ChainLies("a log outside the blocks that were asked for was given")
        return events

    def _read(self, data: bytes, block: BlockTag, count: int) -> list[int]:
        return self._read_all([data], block, count)[0]

    def _read_all(self, calls: Sequence[bytes], block: BlockTag, count: int) -> list[list[int]]:
        return [_words(answer, count) for answer in self._call_all(calls, block)]

    def _call_all(self, calls: Sequence[bytes], block: BlockTag) -> list[bytes]:
        at = block_parameter(block)
        to = hex_of(self.address)
        answers = self.rpc.batch([("eth_call", [{"to": to, "data": hex_of(data)}, at]) for data in calls])
        return [self._returned(answer) for answer in answers]

    def _returned(self, answer: Any) -> bytes:
        if isinstance(answer, RpcFault):
            raise answer
        try:
            returned = bytes_of(answer)
        except ValueError as error:
            raise ChainLies(str(error)) from error
        if not returned:
            raise NotOurChain([f"there is no contract at {hex_of(self.address)}"])
        return returned


def _words(returned: bytes, count: int) -> list[int]:
    if len(returned) != WORD_BYTES * count:
        raise ChainLies(f"a view returned {len(returned)} bytes, not {WORD_BYTES * count}")
    return [int.from_bytes(returned[at : at + WORD_BYTES], "big") for at in range(0, len(returned), WORD_BYTES)]


def _slots_call(accounts: Sequence[bytes]) -> bytes:
    padding = bytes(12)
    return b"".join([_SLOTS_OF, word(WORD_BYTES), word(len(accounts)), *(padding + account for account in accounts)])


def _slot(value: int) -> AccountSlot:
    return AccountSlot(
        coins=value & 0xFFFF_FFFF_FFFF_FFFF,
        debt=value >> 64 & 0xFFFF_FFFF_FFFF_FFFF,
        earned_this_month=value >> 128 & 0xFFFF_FFFF,
        earned_month_before=value >> 160 & 0xFFFF_FFFF,
        month=value >> 192 & 0xFFFF,
        frozen=bool(value >> 208 & 1),
        closed=bool(value >> 209 & 1),
    )


__all__ = [
    "SLOTS_PER_CALL_MAX",
    "AccountSlot",
    "Artifact",
    "ChainLies",
    "LedgerContract",
    "Status",
    "Tip",
    "Totals",
    "load_artifact",
]
