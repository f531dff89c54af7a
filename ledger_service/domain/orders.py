"""Orders of the coin office: desk 0's instructions, ABI-encoded in a batch's annex (docs/formats.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from ledger_service.domain.hashing import keccak, text_word, word
from ledger_service.errors import Invalid

OPEN_DAY = 65_535
TEXT_BYTES_MAX = 31
EMERGENCY_CODES = frozenset({4, 13, 15, 17})


class OrderCode(IntEnum):
    """The code of an order (docs/formats.md)."""

    SEAL = 1
    REGISTER_DESK = 2
    ROTATE_KEYS = 3
    REVOKE_KEYS = 4
    OFFICE_KEYS = 5
    RATE = 6
    COIN_VALUE = 7
    DESK_LIMIT = 8
    BUDGET = 9
    PERSON_CAP = 10
    FUND = 11
    OPEN_UNTIL = 12
    FREEZE = 13
    UNFREEZE = 14
    PAUSE = 15
    UNPAUSE = 16
    VETO = 17


class OrderSkip(IntEnum):
    """Why an order of a landed batch was not applied."""

    BAD_ANNEX = 1
    UNKNOWN_ORDER = 2
    BAD_ARGUMENTS = 3
    NOT_ALLOWED = 4
    NOTICE = 5
    BELOW_USED = 6
    LENGTHENED = 7
    EXISTS = 8
    UNKNOWN = 9


class OrderUnencodable(Invalid, ValueError):
    """An order whose code or arguments have no encoding: the office's batch could never be sealed with it. Fields: order."""

    code = "order_unencodable"

    def __init__(self, order: int, reason: str, reason_ko: str) -> None:
        super().__init__(
            f"Order {order} cannot be written to the chain: {reason}. Correct the file and propose it again.",
            f"체인에 기록할 수 없는 명령입니다({order}번): {reason_ko}. 파일을 고쳐 다시 제안해 주세요.",
            order=order,
        )


@dataclass(frozen=True, slots=True)
class Order:
    """One instruction: a code of one byte and its 256-bit arguments. Raises OrderUnencodable."""

    code: int
    args: tuple[int, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.code <= 255:
            raise OrderUnencodable(self.code, "its code is not one byte", "명령 번호가 범위를 벗어났습니다")
        for place, value in enumerate(self.args, start=1):
            if not 0 <= value < 2**256:
                raise OrderUnencodable(
                    self.code,
                    f"argument {place} ({'a day or month before the ledger begins' if value < 0 else 'too large'})",
                    f"{place}번째 값이 범위를 벗어났습니다(원장 시작 전의 날짜이거나 너무 큰 값)",
                )

    def encode(self) -> bytes:
        """The ABI encoding of the tuple (uint8 code, uint256[] args)."""
        return word(self.code) + word(64) + word(len(self.args)) + b"".join(word(value) for value in self.args)

    def record(self) -> bytes:
        """keccak of the order's encoding, as its evidence leaf carries it."""
        return keccak(self.encode())


def encode_orders(orders: Sequence[Order]) -> bytes:
    """The annex of an order batch: abi.encode(Order[])."""
    bodies = [order.encode() for order in orders]
    offsets = []
    offset = 32 * len(bodies)
    for body in bodies:
        offsets.append(word(offset))
        offset += len(body)
    return word(32) + word(len(bodies)) + b"".join(offsets) + b"".join(bodies)


def decode_orders(annex: bytes) -> list[Order]:
    """The orders of an annex.

    Raises ValueError where the bytes are not exactly an encoding of orders: the contract then skips the annex as one.
    """

    def read(position: int) -> int:
        if position < 0 or position + 32 > len(annex):
            raise ValueError("the annex ends inside an order")
        return int.from_bytes(annex[position : position + 32], "big")

    base = read(0)
    count = read(base)
    start = base + 32
    if count > len(annex) // 32:
        raise ValueError("more orders than the annex can hold")
    orders = []
    for index in range(count):
        body = start + read(start + 32 * index)
        code = read(body)
        if code > 255:
            raise ValueError("an order's code is one byte")
        args_at = body + read(body + 32)
        length = read(args_at)
        if length > len(annex) // 32:
            raise ValueError("more arguments than the annex can hold")
        orders.append(Order(code, tuple(read(args_at + 32 + 32 * position) for position in range(length))))
    if encode_orders(orders) != annex:
        raise ValueError("the annex has another layout than abi.encode gives")
    return orders


def address_arg(address: bytes) -> int:
    """A 20-byte address as an order's argument."""
    return int.from_bytes(address, "big")


def text_arg(text: str) -> int:
    """Up to 31 bytes of text as an order's argument (bytes32, left-aligned). Raises ValueError beyond."""
    return int.from_bytes(text_word(text), "big")
