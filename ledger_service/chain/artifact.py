"""The compiled contract that the service ships, and the code that it gives at an address."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import orjson

from ledger_service.domain.batches import Domain
from ledger_service.domain.hashing import keccak, text_word, word


@dataclass(frozen=True, slots=True)
class Artifact:
    """A compiled contract. `immutables` are the places (start, length) in the deployed code that the constructor fills."""

    contract: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    deployed_bytecode: bytes
    immutables: dict[str, tuple[tuple[int, int], ...]]

    def deployed_code(self, *, chain_id: int, address: bytes, district: str) -> bytes:
        """The code that stands at an address after deployment there."""
        values = _immutable_values(chain_id, address, district)
        code = bytearray(self.deployed_bytecode)
        for name, places in self.immutables.items():
            for start, length in places:
                code[start : start + length] = values[name]
        return bytes(code)

    def differences(self, code: bytes, *, chain_id: int, address: bytes, district: str | None) -> list[str]:
        """What of a deployed code is not what this contract gives there; a district that is not named is not checked."""
        if len(code) != len(self.deployed_bytecode):
            return [f"the code has {len(code):,} bytes, expected {len(self.deployed_bytecode):,}"]
        found = []
        masked = bytearray(code)
        values = _immutable_values(chain_id, address, district or "")
        for name, places in sorted(self.immutables.items()):
            held = set()
            for start, length in places:
                held.add(bytes(code[start : start + length]))
                masked[start : start + length] = self.deployed_bytecode[start : start + length]
            if name not in values:
                found.append(f"{name} is not known to this check")
            elif len(held) > 1:
                found.append(f"{name} does not hold one value")
            elif (name != _DISTRICT or district is not None) and held != {values[name]}:
                found.append(f"{name} is 0x{held.pop().hex()}, expected 0x{values[name].hex()}")
        differing = sum(a != b for a, b in zip(masked, self.deployed_bytecode, strict=True))
        if differing:
            found.insert(0, f"{differing:,} bytes of the code differ")
        return found

    def district_of(self, code: bytes) -> str:
        """The district that a deployed code carries."""
        start, length = self.immutables[_DISTRICT][0]
        return code[start : start + length].rstrip(b"\0").decode("utf-8", "replace")


_DISTRICT = "VolunteerCoin.district"


def _immutable_values(chain_id: int, address: bytes, district: str) -> dict[str, bytes]:
    """What the constructor writes; OpenZeppelin's EIP712 caches its domain and its two short strings."""
    return {
        "EIP712._cachedChainId": word(chain_id),
        "EIP712._cachedThis": address.rjust(32, b"\0"),
        "EIP712._cachedDomainSeparator": Domain(chain_id, address).separator(),
        "EIP712._hashedName": keccak(b"Boram"),
        "EIP712._hashedVersion": keccak(b"1"),
        "EIP712._name": _short_string("Boram"),
        "EIP712._version": _short_string("1"),
        _DISTRICT: text_word(district),
    }


def _short_string(text: str) -> bytes:
    """OpenZeppelin's ShortString: the text, and its length in the last byte."""
    return text_word(text)[:31] + bytes([len(text.encode())])


def load_artifact(path: Path | None = None) -> Artifact:
    """The artifact of a file, or the one that is shipped."""
    shipped = resources.files("ledger_service.chain") / "artifacts" / "VolunteerCoin.json"
    content = orjson.loads(path.read_bytes() if path else shipped.read_bytes())
    return Artifact(
        contract=content["contract"],
        abi=content["abi"],
        bytecode=bytes.fromhex(content["bytecode"].removeprefix("0x")),
        deployed_bytecode=bytes.fromhex(content["deployed_bytecode"].removeprefix("0x")),
        immutables={
            name: tuple((place["start"], place["length"]) for place in places)
            for name, places in content["immutable_references"].items()
        },
    )
