"""Keys, signatures and signed transactions. A key never leaves its signer, and is never printed or logged."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import coincurve
import orjson

from ledger_service.chain import rlp
from ledger_service.domain.hashing import keccak
from ledger_service.errors import Invalid, Refused

SIGNATURE_BYTES = 65
PRIVATE_KEY_BYTES = 32
SCRYPT_ROUNDS = 2**18
SCRYPT_ROUNDS_LIGHT = 2**12
KEYSTORE_BYTES_MAX = 16 * 1024

_CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_HALF_ORDER = _CURVE_ORDER // 2
_RECOVERY_BASE = 27  # v of an Ethereum signature is 27 or 28
_KEYSTORE_MODE = 0o600
_DYNAMIC_FEE_TYPE = b"\x02"  # EIP-1559

# Mnemonic "test test test test test test test test test test test junk": their keys are in every tutorial.
_WELL_KNOWN = frozenset(
    bytes.fromhex(address)
    for address in (
        "f39fd6e51aad88f6f4ce6ab8827279cfffb92266",
        "70997970c51812dc3a010c7d01b50e0d17dc79c8",
        "3c44cdddb6a900fa2b585dd299e03d12fa4293bc",
        "90f79bf6eb2c4f870365e785982e1f101e93b906",
        "15d34aaf54267db7d7c367839aaf71a00a2c6a65",
        "9965507d1a55bcc2695c58ba16fb37d819b0a4dc",
        "976ea74026e726554db657fa54763abd0c3a0aa9",
        "14dc79964da2c08b23698b3d3cc7ca32193d9955",
        "23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f",
        "a0ee7a142d267c1f36714e4a8f75612f20a79720",
        "bcd4042de499d14e55001ccbb24a551f3b954096",
        "71be63f3384f5fb98995898a86b02fb2426c5788",
        "fabb0ac9d68b0b445fb7357272ff202c5651694a",
        "1cbd3b2770909d4e10f157cabc84c7264073c9ec",
        "df3e18d64bc6a983f673ab319ccae4f1a57c7097",
        "cd3b766ccdd6ae721141f452c550ca635964ce71",
        "2546bcd3c84621e976d8185a91a922ae77ecec30",
        "bda5747bfd65f08deb54cb465eb87d40e51b197e",
        "dd2fd4581271e230360230f9337d5c0430bf44c0",
        "8626f6940e2eb28930efb4cef49b2d1f2c9c1199",
    )
)


class BadSignature(Invalid):
    """Bytes that the contract would not take for a signature."""

    code = "bad_signature"


class KeystoreUnusable(Refused):
    """A keystore file that is missing, open to others, or not a keystore."""

    code = "keystore_unusable"


class WrongPassphrase(Refused):
    """The passphrase does not open the keystore."""

    code = "wrong_passphrase"


class Signer(Protocol):
    """Whatever holds a key: a file, a KMS, an HSM."""

    @property
    def address(self) -> bytes:
        """The 20 bytes that the contract knows the key by."""
        ...

    def sign_digest(self, digest: bytes) -> bytes:
        """65 bytes r, s, v over 32 bytes, with the lower s and v 27 or 28."""
        ...


class LocalSigner:
    """A key in this process's memory."""

    __slots__ = ("_key", "address")

    def __init__(self, private_key: bytes) -> None:
        if len(private_key) != PRIVATE_KEY_BYTES:
            raise ValueError(f"a private key has {PRIVATE_KEY_BYTES} bytes")
        self._key = coincurve.PrivateKey(private_key)
        self.address: bytes = _address_of(self._key.public_key)

    def __repr__(self) -> str:
        return f"LocalSigner(0x{self.address.hex()})"

    def __reduce__(self) -> Any:
        raise TypeError("a signer is not written anywhere")

    def sign_digest(self, digest: bytes) -> bytes:
        """65 bytes r, s, v; deterministic (RFC 6979), so that signing again gives the same bytes."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([_RECOVERY_BASE + signature[64]])


def recover(digest: bytes, signature: bytes) -> bytes:
    """The address that signed a digest. Raises BadSignature exactly where the contract refuses the bytes."""
    if len(signature) != SIGNATURE_BYTES:
        raise BadSignature(f"a signature has {SIGNATURE_BYTES} bytes, not {len(signature)}")
    if signature[64] not in (_RECOVERY_BASE, _RECOVERY_BASE + 1):
        raise BadSignature(f"v of a signature is 27 or 28, not {signature[64]}")
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        raise BadSignature("s of a signature lies in the lower half")
    recoverable = signature[:64] + bytes([signature[64] - _RECOVERY_BASE])
    try:
        return _address_of(coincurve.PublicKey.from_signature_and_message(recoverable, digest, hasher=None))
    except ValueError as error:
        raise BadSignature("no key gives this signature") from error


def _address_of(public_key: coincurve.PublicKey) -> bytes:
    return keccak(public_key.format(compressed=False)[1:])[12:]


def is_well_known(address: bytes) -> bool:
    """Whether an address is one of the first 20 of the test mnemonic, whose keys everybody has."""
    return address in _WELL_KNOWN


def new_private_key(entropy: bytes) -> bytes:
    """A private key from 32 or more bytes that only the caller knows (`secrets.token_bytes`)."""
    if len(entropy) < PRIVATE_KEY_BYTES:
        raise ValueError(f"a key wants {PRIVATE_KEY_BYTES} bytes of entropy")
    key = keccak(entropy)
    while not 0 < int.from_bytes(key, "big") < _CURVE_ORDER:  # once in 2^128
        key = keccak(key)
    return key


def create_keystore(path: Path, private_key: bytes, passphrase: str, *, light: bool) -> None:
    """Write a V3 keystore with mode 0600, on the disk when this returns. An existing file is never overwritten.

    `light` scrypt is for demo and test: a full one takes 0.8 s and 256 MiB at each opening.
    """
    if not passphrase:
        raise KeystoreUnusable("a keystore wants a passphrase", "키 저장소에는 암호가 필요합니다")
    rounds = SCRYPT_ROUNDS_LIGHT if light else SCRYPT_ROUNDS
    sealed = orjson.dumps(_eth_account().encrypt(private_key, passphrase, kdf="scrypt", iterations=rounds))
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _KEYSTORE_MODE)
    except FileExistsError as error:
        raise KeystoreUnusable(
            f"{path} exists; a keystore is never overwritten: move the file away or choose another name",
            f"{path} 파일이 이미 있습니다. 키 저장소는 덮어쓰지 않습니다. 파일을 옮기거나 다른 이름을 쓰세요",
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), _KEYSTORE_MODE)
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def open_keystore(path: Path, passphrase: str) -> LocalSigner:
    """The signer of a keystore file. Raises KeystoreUnusable, or WrongPassphrase."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            sealed = file.read(KEYSTORE_BYTES_MAX + 1)
    except OSError as error:
        raise KeystoreUnusable(
            f"the keystore {path} cannot be read: {error.strerror}",
            f"키 저장소 {path} 파일을 읽을 수 없습니다: {error.strerror}",
        ) from error
    if mode & ~_KEYSTORE_MODE:
        raise KeystoreUnusable(
            f"the keystore {path} is open to others (mode {mode:04o}); run: chmod 600 {path}",
            f"키 저장소 {path} 파일을 다른 사용자가 읽을 수 있습니다(권한 {mode:04o}). 실행하세요: chmod 600 {path}",
        )
    content = _keystore_content(path, sealed)
    try:
        private_key = bytes(_eth_account().decrypt(content, passphrase))
    except ValueError as error:
        if "MAC mismatch" not in str(error):
            raise _not_a_keystore(path) from error
        raise WrongPassphrase(
            f"the passphrase does not open {path}", f"암호가 맞지 않아 {path} 파일을 열 수 없습니다"
        ) from None
    except (KeyError, TypeError, AttributeError, NotImplementedError) as error:
        raise _not_a_keystore(path) from error
    return LocalSigner(private_key)


def keystore_address(path: Path) -> bytes:
    """The address that a keystore file names, without opening it."""
    try:
        content = _keystore_content(path, path.read_bytes()[: KEYSTORE_BYTES_MAX + 1])
        address = bytes.fromhex(str(content["address"]).removeprefix("0x"))
    except (OSError, KeyError, ValueError) as error:
        raise _not_a_keystore(path) from error
    if len(address) != 20:
        raise _not_a_keystore(path)
    return address


def _eth_account() -> Any:
    from eth_account import Account  # here, because it takes more than a second and most commands open no keystore

    return Account


def _keystore_content(path: Path, sealed: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(sealed) if len(sealed) <= KEYSTORE_BYTES_MAX else None
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict):
        raise _not_a_keystore(path)
    return content


def _not_a_keystore(path: Path) -> KeystoreUnusable:
    return KeystoreUnusable(
        f"{path} is not a V3 keystore; bring the file back from its backup",
        f"{path} 파일은 V3 키 저장소가 아닙니다. 백업에서 되살리세요",
    )


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """The bytes to broadcast, and the hash that the chain will know them by."""

    raw: bytes
    hash: bytes


def sign_transaction(
    signer: Signer,
    *,
    chain_id: int,
    nonce: int,
    to: bytes,
    data: bytes,
    gas: int,
    max_fee: int,
    max_priority_fee: int,
) -> SignedTransaction:
    """An EIP-1559 transaction without value; fees in wei for one gas."""
    numbers = (chain_id, nonce, max_priority_fee, max_fee, gas)
    fields: list[rlp.Item] = [*map(rlp.quantity, numbers), to, b"", data, []]  # no value, no access list
    signature = signer.sign_digest(keccak(_DYNAMIC_FEE_TYPE + rlp.encode(fields)))
    recovery, r, s = signature[64] - _RECOVERY_BASE, signature[:32], signature[32:64]
    fields += [rlp.quantity(recovery), r.lstrip(b"\0"), s.lstrip(b"\0")]
    raw = _DYNAMIC_FEE_TYPE + rlp.encode(fields)
    return SignedTransaction(raw, keccak(raw))
