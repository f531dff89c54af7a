"""Time-ordered ids (UUIDv7, RFC 9562) from a clock and randomness that the caller gives."""

from __future__ import annotations

from uuid import UUID


def uuid7(unix_ms: int, random: bytes) -> str:
    """The UUIDv7 of an instant in milliseconds and 10 random bytes, in its usual text form."""
    value = (unix_ms & (2**48 - 1)) << 80 | int.from_bytes(random[:10], "big")
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return str(UUID(int=value))


def id_word(identifier: str | None) -> bytes:
    """An id (or none) as 32 bytes, right-aligned, as evidence leaves carry it."""
    return bytes(16) + UUID(identifier).bytes if identifier else bytes(32)
