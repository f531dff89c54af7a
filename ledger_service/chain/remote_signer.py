"""Keys that never leave a KMS or HSM: it signs a digest, and what it gives is brought into the form that the contract takes.

Such services answer with DER, do not tell which of two points signed, and half of the time give the higher s, which the contract refuses
(EIP-2). A signature that does not recover to the key's own address is never passed on.
"""

from __future__ import annotations

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from ledger_service.chain.signing import BadSignature, recover
from ledger_service.domain.hashing import keccak

_CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_RECOVERY_VALUES = (27, 28)
_UNCOMPRESSED_BYTES = 65
_UNCOMPRESSED_MARK = 4


class KeyService(Protocol):
    """One secp256k1 key of a KMS or HSM."""

    def public_key(self) -> bytes:
        """The uncompressed point: 65 bytes that begin with 4."""
        ...

    def sign(self, digest: bytes) -> bytes:
        """A DER signature over 32 bytes that are hashed already."""
        ...


class RemoteSigner:
    """A `Signer` before a `KeyService`."""

    __slots__ = ("_service", "address")

    def __init__(self, service: KeyService) -> None:
        point = service.public_key()
        if len(point) != _UNCOMPRESSED_BYTES or point[0] != _UNCOMPRESSED_MARK:
            raise BadSignature("a key service gives its public key as 65 bytes that begin with 4")
        self._service = service
        self.address: bytes = keccak(point[1:])[12:]

    def sign_digest(self, digest: bytes) -> bytes:
        """65 bytes r, s, v with the lower s. Raises BadSignature where the service signed something else, or with another key."""
        try:
            r, s = decode_dss_signature(self._service.sign(digest))
        except ValueError as error:
            raise BadSignature("the key service's answer is not a DER signature") from error
        if not (0 < r < _CURVE_ORDER and 0 < s < _CURVE_ORDER):
            raise BadSignature("the key service's signature is outside the curve")
        both = r.to_bytes(32, "big") + min(s, _CURVE_ORDER - s).to_bytes(32, "big")
        for value in _RECOVERY_VALUES:
            signature = both + bytes([value])
            try:
                if recover(digest, signature) == self.address:
                    return signature
            except BadSignature:
                continue
        raise BadSignature("the key service signed something else, or with another key")
