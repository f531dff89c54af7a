"""What the contract keeps, read at one block: the calls that the audit compares with its own fold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ledger_service.audit.history import NodeIncoherent
from ledger_service.chain.hexes import block_parameter, bytes_of, hex_of
from ledger_service.chain.rpc import Rpc, RpcFault
from ledger_service.domain.hashing import keccak, word

ACCOUNTS_AT_ONCE_MAX = 500
CALLS_AT_ONCE_MAX = 100

_SIGN_BIT = 1 << 255


def _selector(signature: str) -> bytes:
    return keccak(signature.encode())[:4]


_SLOTS_OF = _selector("slotsOf(address[])")
_HEAD_OF = _selector("headOf(uint16,uint32)")
_SKIPS_OF = _selector("skipsOf(uint16,uint32)")
_TIP = _selector("tip(uint16)")
_KRW_DUE_OF = _selector("krwDueOf(address)")
_TOTALS = _selector("totals()")
_STATUS = _selector("status()")
_TOTAL_SUPPLY = _selector("totalSupply()")


@dataclass(frozen=True, slots=True)
class Storage:
    """The contract's reads at one block, by the block's hash: all from one state, or the node refuses."""

    rpc: Rpc
    contract: bytes
    block_hash: bytes

    def slots(self, accounts: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
        """Every account with its packed slot."""
        pages = [accounts[at : at + ACCOUNTS_AT_ONCE_MAX] for at in range(0, len(accounts), ACCOUNTS_AT_ONCE_MAX)]
        calls = [
            _SLOTS_OF + word(32) + word(len(page)) + b"".join(one.rjust(32, b"\0") for one in page) for page in pages
        ]
        for page, words in zip(pages, self._read_all(calls), strict=True):
            if len(words) != len(page) + 2:
                raise NodeIncoherent("slotsOf gave another number of slots than asked for")
            yield from zip(page, words[2:], strict=True)

    def heads(self, names: Sequence[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], bytes]]:
        """Every (desk, seq) with its head, zero where there is none."""
        answers = self._read_all([_HEAD_OF + word(desk) + word(seq) for desk, seq in names])
        for name, words in zip(names, answers, strict=True):
            yield name, words[0].to_bytes(32, "big")

    def skips(self, names: Sequence[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], int]]:
        """Every (desk, seq) with the bitmap of its skipped entries, entry i at bit i."""
        answers = self._read_all([_SKIPS_OF + word(desk) + word(seq) for desk, seq in names])
        for name, words in zip(names, answers, strict=True):
            yield name, words[0] | words[1] << 256

    def tips(self, desks: Sequence[int]) -> Iterator[tuple[int, tuple[int, bytes, int]]]:
        """Every desk with (next seq, last head, last day)."""
        for desk, words in zip(desks, self._read_all([_TIP + word(desk) for desk in desks]), strict=True):
            yield desk, (words[0], words[1].to_bytes(32, "big"), words[2])

    def krw_due(self, accounts: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
        """Every account with the KRW that the district owes it."""
        answers = self._read_all([_KRW_DUE_OF + account.rjust(32, b"\0") for account in accounts])
        for account, words in zip(accounts, answers, strict=True):
            yield account, words[0] - (words[0] & _SIGN_BIT) * 2

    def totals(self) -> tuple[int, ...]:
        """(credited, opened, reissued, restored, burnt)."""
        return self._one(_TOTALS, 5)

    def status(self) -> tuple[int, ...]:
        """(posts, latest day, open until, sealed, paused)."""
        return self._one(_STATUS, 5)

    def supply(self) -> int:
        """ERC-20's total supply."""
        return self._one(_TOTAL_SUPPLY, 1)[0]

    def _one(self, call: bytes, words: int) -> tuple[int, ...]:
        answer = next(self._read_all([call]))
        if len(answer) != words:
            raise NodeIncoherent(f"a call gave {len(answer)} words, not {words}")
        return tuple(answer)

    def _read_all(self, calls: Sequence[bytes]) -> Iterator[list[int]]:
        block = block_parameter(self.block_hash)
        for start in range(0, len(calls), CALLS_AT_ONCE_MAX):
            asked = [
                ("eth_call", [{"to": hex_of(self.contract), "data": hex_of(call)}, block])
                for call in calls[start : start + CALLS_AT_ONCE_MAX]
            ]
            for answer in self.rpc.batch(asked):
                yield _words_of(answer)


def _words_of(answer: Any) -> list[int]:
    if isinstance(answer, RpcFault):
        raise answer
    try:
        raw = bytes_of(answer)
    except ValueError as error:
        raise NodeIncoherent(f"a call's answer is malformed: {error}") from error
    if not raw or len(raw) % 32:
        raise NodeIncoherent("a call's answer is not whole words: there may be no Boram contract at this address")
    return [int.from_bytes(raw[at : at + 32], "big") for at in range(0, len(raw), 32)]
