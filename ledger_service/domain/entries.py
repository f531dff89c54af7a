"""One entry of the ledger as the 32-byte word of docs/formats.md: account 160, kind 8, ref 16, units 24, day 16, line 32."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from ledger_service.domain.hashing import keccak

ACCOUNT_BYTES = 20
WORD_BYTES = 32
UNITS_MAX = 2**24 - 1
DESK_ACCOUNT_PREFIX = keccak(b"Boram desk")[:18]
FUND_ACCOUNT_PREFIX = keccak(b"Boram fund")[:18]

_TAIL = struct.Struct(">BHBHHI")  # kind 8, ref 16, units 24 as 8 + 16, day 16, line 32


class Kind(IntEnum):
    """What an entry does (docs/formats.md)."""

    CREDIT = 1
    REDEEM = 2
    REFUND = 3
    DONATE = 4
    EXPIRE = 5
    CORRECT = 6
    SET_OFF = 7
    CLOSURE = 8
    MERGE = 9
    MONTH_CLOSE = 10
    OPENING = 11


class Skip(IntEnum):
    """Why an entry of a landed batch was not applied."""

    BALANCE = 1
    RATE_NOT_IN_FORCE = 2
    UNITS_ABOVE_MAX = 3
    ALLOTMENT = 4
    BUDGET = 5
    PERSON_CAP = 6
    FROZEN = 7
    NOT_ALLOWED = 8
    BAD_ACCOUNT = 9
    BAD_ORIGINAL = 10
    BAD_ANNEX = 11


class DeskKind(IntEnum):
    """What a desk may do on the chain; the office (desk 0) gives orders only."""

    OFFICE = 0
    CENTRE = 1
    VENUE = 2
    TREASURY = 3


def desk_account(desk: int) -> bytes:
    """The account of a desk: 20 bytes, fixed prefix and number."""
    return DESK_ACCOUNT_PREFIX + desk.to_bytes(2, "big")


def fund_account(fund: int) -> bytes:
    """The account of a fund: 20 bytes, fixed prefix and number."""
    return FUND_ACCOUNT_PREFIX + fund.to_bytes(2, "big")


def is_personal_account(account: bytes) -> bool:
    """Whether an address may belong to a resident or shop: not zero, not a desk's, not a fund's."""
    return account[:18] not in (DESK_ACCOUNT_PREFIX, FUND_ACCOUNT_PREFIX) and any(account)


@dataclass(frozen=True, slots=True)
class Entry:
    """One immutable line of the ledger. `line` and `ref` mean what the kind's row in docs/formats.md says."""

    account: bytes
    kind: int
    ref: int
    units: int
    day: int
    line: int

    def __post_init__(self) -> None:
        if len(self.account) != ACCOUNT_BYTES:
            raise ValueError("an account has 20 bytes")
        if not 0 <= self.units <= UNITS_MAX:
            raise ValueError(f"units {self.units} outside 24 bits")

    def pack(self) -> bytes:
        """The 32-byte word; `struct.error` where a field is outside its bits."""
        return self.account + _TAIL.pack(
            self.kind, self.ref, self.units >> 16, self.units & 0xFFFF, self.day, self.line
        )

    @classmethod
    def unpack(cls, packed: bytes) -> Entry:
        """The entry of a 32-byte word; every word is some entry (an unknown kind stays a number)."""
        kind, ref, units_high, units_low, day, line = _TAIL.unpack(packed[ACCOUNT_BYTES:])
        return cls(packed[:ACCOUNT_BYTES], kind, ref, units_high << 16 | units_low, day, line)


def unpack_words(words: bytes) -> Iterator[Entry]:
    """The entries of concatenated words, in order."""
    for start in range(0, len(words), WORD_BYTES):
        yield Entry.unpack(words[start : start + WORD_BYTES])


def skipped_hash(skips: Iterable[tuple[int, int]]) -> bytes:
    """keccak of the packed (uint16 index, uint8 reason) of every skipped entry in order; zero when there is none."""
    packed = b"".join(index.to_bytes(2, "big") + bytes([reason]) for index, reason in skips)
    return keccak(packed) if packed else bytes(32)
