"""Recursive length prefix: the encoding under every transaction's hash.

By hand, like the codec, because the libraries for it bring eth-account along, which takes more than a second to import.
"""

from __future__ import annotations

from typing import Any

Item = bytes | list[Any]
"""Bytes, or a list of items."""

_SHORT_BYTES_MAX = 55


def encode(item: Item) -> bytes:
    """The encoding of bytes or of a (nested) list of them."""
    if isinstance(item, bytes):
        return item if len(item) == 1 and item[0] < 0x80 else _prefix(0x80, len(item)) + item
    body = b"".join(encode(part) for part in item)
    return _prefix(0xC0, len(body)) + body


def quantity(number: int) -> bytes:
    """A number as bytes without leading zeros; zero is no byte."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _prefix(base: int, length: int) -> bytes:
    if length <= _SHORT_BYTES_MAX:
        return bytes([base + length])
    size = quantity(length)
    return bytes([base + _SHORT_BYTES_MAX + len(size)]) + size
