"""Keystores under `keys/`: the office, the guardian, the sender, the service, and the desks that the operator holds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from ledger_service.adapters.home import SecretMissing
from ledger_service.chain.signing import (
    LocalSigner,
    create_keystore,
    is_well_known,
    keystore_address,
    new_private_key,
    open_keystore,
)
from ledger_service.domain.batches import OFFICE_DESK, Domain, receipt_digest
from ledger_service.errors import Refused

OFFICE_KEYS = ("office-1", "office-2")
GUARDIAN_KEY = "guardian"
SENDER_KEY = "sender"
SERVICE_KEY = "service"
FIRST_KEYS = (*OFFICE_KEYS, GUARDIAN_KEY, SENDER_KEY, SERVICE_KEY)
ENTROPY_BYTES = 32


class KeyWellKnown(Refused):
    """A key of the test mnemonic, on a chain that others see."""

    code = "key_well_known"


class KeyFolder:
    """The keystores of one home. Opened once each, when first needed; safe to share between threads."""

    def __init__(
        self, folder: Path, passphrase: str, random_bytes: Callable[[int], bytes], *, light: bool, embedded: bool
    ) -> None:
        self._folder = folder
        self._passphrase = passphrase
        self._random_bytes = random_bytes
        self._light = light
        self._embedded = embedded
        self._lock = threading.RLock()
        self._open: dict[str, LocalSigner] = {}

    def has(self, name: str) -> bool:
        """Whether a key of this name is there."""
        return self._path(name).exists()

    def create_missing(self, names: Sequence[str]) -> list[str]:
        """Make the keys that are not there; their names."""
        with self._lock:
            missing = [name for name in names if not self.has(name)]
            for name in missing:
                create_keystore(
                    self._path(name),
                    new_private_key(self._random_bytes(ENTROPY_BYTES)),
                    self._passphrase,
                    light=self._light,
                )
        return missing

    def address(self, name: str) -> bytes:
        """A key's address, read without opening it. Raises SecretMissing, KeyWellKnown."""
        if not self.has(name):
            raise SecretMissing(
                f"the key {name} is not in {self._folder}: bring it back from its backup, or (before the first start only) "
                "run: boram keys create",
                f"{self._folder} 폴더에 {name} 키가 없습니다. 백업에서 되살리거나, 처음 시작하기 전이라면 실행하세요: boram keys create",
            )
        address = keystore_address(self._path(name))
        if is_well_known(address) and not self._embedded:
            raise KeyWellKnown(
                f"the key {name} is one of the public test mnemonic, which everybody has: make a key of your own",
                f"{name} 키는 누구나 아는 시험용 키입니다. 새 키를 만드세요",
            )
        return address

    def signer(self, name: str) -> LocalSigner:
        """A key, opened."""
        with self._lock:
            if name not in self._open:
                self.address(name)
                self._open[name] = open_keystore(self._path(name), self._passphrase)
            return self._open[name]

    def create(self, desk: int, version: int = 1) -> bytes:
        """The key of a desk that is being registered or gets a new one: made, or found where an earlier try made it."""
        name = _desk_key(desk, version)
        self.create_missing([name])
        return self.address(name)

    def holds(self, desk: int, address: bytes) -> bool:
        """Whether a key of this desk is here."""
        return any(self.address(name) == address for name in self._names_of(desk))

    def signers_of(self, desk: int, among: Collection[bytes] | None = None) -> Sequence[LocalSigner]:
        """The keys that sign for a desk, of those addresses; none where the organisation holds its key. A key that is not asked for stays shut."""
        return [self.signer(name) for name in self._names_of(desk) if among is None or self.address(name) in among]

    def _names_of(self, desk: int) -> list[str]:
        if desk == OFFICE_DESK:
            return [name for name in OFFICE_KEYS if self.has(name)]
        later = [path.stem for path in sorted(self._folder.glob(f"{_desk_key(desk)}-*.json"))]
        return [name for name in (_desk_key(desk), *later) if self.has(name)]

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


class ServiceReceipts:
    """Receipts signed by the service key, which is opened when the first is asked for."""

    def __init__(self, keys: KeyFolder, domain: Domain) -> None:
        self._keys = keys
        self._domain = domain

    def sign(
        self, journal_no: int, desk: int, kind: int, account: bytes, units: int, day: int, posted_by: int
    ) -> bytes:
        """65 bytes over the receipt."""
        digest = receipt_digest(self._domain, journal_no, desk, kind, account, units, day, posted_by)
        return self._keys.signer(SERVICE_KEY).sign_digest(digest)


def _desk_key(desk: int, version: int = 1) -> str:
    return f"desk-{desk}" if version == 1 else f"desk-{desk}-{version}"
