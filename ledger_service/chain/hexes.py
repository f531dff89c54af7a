"""Quantities and bytes as JSON-RPC writes them, read strictly: a node's mistake is a ValueError, never a zero."""

from __future__ import annotations

from binascii import unhexlify
from typing import Any

BlockTag = int | str | bytes
"""A block by number, by name ("latest", "finalized", "safe", "earliest"), or by its hash (32 bytes, EIP-1898)."""

_QUANTITY_CHARACTERS_MAX = 2 + 64
_NAMES = frozenset({"latest", "finalized", "safe", "earliest", "pending"})


def hex_of(value: bytes) -> str:
    """Bytes as 0x…"""
    return "0x" + value.hex()


def bytes_of(text: Any, length: int | None = None) -> bytes:
    """The bytes of 0x…, `length` of them where it is given."""
    if not isinstance(text, str) or not text.startswith("0x"):
        raise ValueError(f"{_shown(text)} is not hexadecimal")
    raw = unhexlify(text[2:])
    if length is not None and len(raw) != length:
        raise ValueError(f"{_shown(text)} has {len(raw)} bytes, not {length}")
    return raw


def number_of(text: Any) -> int:
    """The number of a quantity such as 0x1f."""
    if not isinstance(text, str) or not text.startswith("0x") or len(text) > _QUANTITY_CHARACTERS_MAX:
        raise ValueError(f"{_shown(text)} is not a quantity")
    digits = text[2:]
    if not (digits.isascii() and digits.isalnum()):  # int() would take signs, spaces and underscores
        raise ValueError(f"{_shown(text)} is not a quantity")
    return int(digits, 16)


def block_parameter(block: BlockTag) -> str | dict[str, Any]:
    """A block tag as the last parameter of `eth_call` and its like."""
    if isinstance(block, bytes):
        return {"blockHash": hex_of(block), "requireCanonical": True}
    if isinstance(block, int):
        return hex(block)
    if block not in _NAMES:
        raise ValueError(f"{block!r} names no block")
    return block


def _shown(value: Any) -> str:
    return repr(value)[:80]
