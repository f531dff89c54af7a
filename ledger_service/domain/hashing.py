"""Keccak-256 and the small ABI words that docs/formats.md is written in."""

from __future__ import annotations

from sha3 import keccak_256

ZERO32 = bytes(32)


def keccak(data: bytes) -> bytes:
    """Keccak-256 (not SHA3-256), 32 bytes. safe-pysha3 is five times as fast as what eth-hash chooses by default."""
    digest: bytes = keccak_256(data).digest()
    return digest


def word(value: int) -> bytes:
    """An unsigned integer as one 32-byte big-endian ABI word."""
    return value.to_bytes(32, "big")


def text_word(text: str) -> bytes:
    """Up to 31 bytes of UTF-8 text as a left-aligned bytes32, as Solidity's string literals."""
    raw = text.encode()
    if len(raw) > 31:
        raise ValueError(f"{text!r} is longer than 31 bytes")
    return raw.ljust(32, b"\0")


__all__ = ["ZERO32", "keccak", "text_word", "word"]
