"""Personal data at rest: a key for each person, in a database of its own, so that forgetting is destroying one key.

Key databases have two tables: `person_keys` (each key wrapped under a key derived from the master key) and `forgotten`. They are not
part of the books' backup. Ciphertext is `nonce 12 · AES-256-GCM`, with person and column as associated data: a value moved to another
row or column does not open.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from ledger_service.errors import BoramError
from ledger_service.journal.chunks import chunks

KEY_BYTES = 32
NONCE_BYTES = 12
QUERY_IDS_MAX = 500

_metadata = MetaData()
_person_keys = Table(
    "person_keys",
    _metadata,
    Column("person_id", String(36), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)
_WRAPPED = select(_person_keys).where(_person_keys.c.person_id.in_(bindparam("people", expanding=True)))
_forgotten = Table(
    "forgotten",
    _metadata,
    Column("person_id", String(36), primary_key=True),
    Column("at", BigInteger, nullable=False),
)


class PersonForgotten(BoramError):
    """The person's key is gone: what was sealed under it cannot be read by anybody."""

    code = "person_forgotten"
    status = 410


class SealBroken(BoramError):
    """A sealed value does not open: wrong master key, or the row was changed."""

    code = "seal_broken"
    status = 500


@dataclass(frozen=True, slots=True)
class MasterKey:
    """What a home's secrets hang on. `wrapping` opens people's keys and staff secrets and is changed by a rotation. `root` gives the keys by
    which something is recognised (indexes, record keys, tokens, passwords, bundles, backups): a hash cannot be made anew, so it stays.
    """

    wrapping: bytes
    root: bytes

    def __post_init__(self) -> None:
        if len(self.wrapping) != KEY_BYTES or len(self.root) != KEY_BYTES:
            raise ValueError("a master key has 32 bytes, and so has its root")


def derive(master: bytes, purpose: str) -> bytes:
    """The key of one purpose: 32 bytes that say nothing of the master key or of another purpose's."""
    return hmac.new(master, b"boram/1/" + purpose.encode(), hashlib.sha256).digest()


def _keyed(master: bytes, purpose: str) -> hmac.HMAC:
    """A prepared HMAC: a copy of it takes a third of the time that a new one takes."""
    return hmac.new(derive(master, purpose), digestmod=hashlib.sha256)


def _digest(keyed: hmac.HMAC, text: str) -> bytes:
    mac = keyed.copy()
    mac.update(text.encode())
    return mac.digest()


class PersonSeal:
    """One person's key: seals and opens that person's columns and gives the salts of their evidence leaves."""

    __slots__ = ("_cipher", "_key", "_person_id", "_random_bytes")

    def __init__(self, person_id: str, key: bytes, random_bytes: Callable[[int], bytes]) -> None:
        self._person_id = person_id.encode()
        self._key = key
        self._cipher = AESGCM(key)
        self._random_bytes = random_bytes

    def seal(self, column: str, text: str) -> bytes:
        """`text` sealed for one column."""
        nonce = self._random_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), self._person_id + b"|" + column.encode())

    def open(self, column: str, sealed: bytes) -> str:
        """The text of a sealed column; SealBroken where it is not what was sealed there."""
        try:
            opened = self._cipher.decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._person_id + b"|" + column.encode()
            )
        except InvalidTag as error:
            raise SealBroken(
                f"column {column} does not open: the master key differs, or the row was changed"
            ) from error
        return opened.decode()

    def salt(self, journal_no: int) -> bytes:
        """The 32-byte salt of the evidence leaf of one entry: it disappears with the key."""
        return hmac.new(self._key, b"salt|" + journal_no.to_bytes(8, "big"), hashlib.sha256).digest()


class Vault:
    """Keys by purpose from one master key, and the people's keys. A key of bytes alone is its own root, as in a home that was never rotated."""

    def __init__(self, key: bytes | MasterKey, engine: Engine, random_bytes: Callable[[int], bytes]) -> None:
        master_key = key if isinstance(key, MasterKey) else MasterKey(key, key)
        master = master_key.root
        _metadata.create_all(engine)
        self._engine = engine
        self._random_bytes = random_bytes
        self._wrapping = AESGCM(derive(master_key.wrapping, "person keys"))
        self._record_key = _keyed(master, "record keys")
        self._member_key = _keyed(master, "member numbers")
        self._identity_key = _keyed(master, "names and birth dates")
        self._token_key = _keyed(master, "tokens")
        self._card_key = _keyed(master, "cards")
        self._pepper = _keyed(master, "passwords")
        self._throttle_key = _keyed(master, "throttles")
        self._sign_on_key = _keyed(master, "sign-on")
        self._form_key = _keyed(master, "forms")
        self._secrets = AESGCM(derive(master_key.wrapping, "staff secrets"))
        self.bundle_key = derive(master, "bundles")
        self.fingerprint = derive(master_key.wrapping, "fingerprint")
        """Tells one master key from another, and nothing else of it."""

    def record_key(self, source: str, number: str) -> bytes:
        """The keyed HMAC of a business key: the same record gives the same 32 bytes, and they say nothing of it."""
        return _digest(self._record_key, f"{source}\x1f{number}")

    def member_index(self, member_number: str) -> bytes:
        """The blind index by which a member number is found."""
        return _digest(self._member_key, member_number)

    def identity_index(self, name: str, birth_date: date) -> bytes:
        """The blind index by which people of a name, as `searched_name` gives it, and a birth date are found: by both together only."""
        return _digest(self._identity_key, f"{name}\x1f{birth_date.isoformat()}")

    def token_hash(self, token: str) -> bytes:
        """What is stored of a bearer token."""
        return _digest(self._token_key, token)

    def card_index(self, card_number: str) -> bytes:
        """The blind index by which a card is found."""
        return _digest(self._card_key, card_number)

    def peppered(self, owner: str, secret: str) -> str:
        """What is given to argon2 in a password's or PIN's place: without the master key nobody can try a million PINs."""
        return _digest(self._pepper, f"{owner}\x1f{secret}").hex()

    def throttle_subject(self, kind: str, value: str) -> bytes:
        """By what failed attempts are counted; it says nothing of the name, card or address."""
        return _digest(self._throttle_key, f"{kind}\x1f{value}")

    def arrival_subject(self, kind: str, caller: str) -> bytes:
        """By what requests are counted; it says nothing of who asked."""
        return self.throttle_subject(f"arrival {kind}", caller)

    def form_token(self, session_secret: str) -> str:
        """The token that a session's forms carry. Only who has the session's secret and the master key can make it."""
        return _digest(self._form_key, session_secret).hex()

    def sign_on_index(self, issuer: str, subject: str) -> bytes:
        """The blind index by which a subject of the district's provider is found."""
        return _digest(self._sign_on_key, f"{issuer}\x1f{subject}")

    def seal_secret(self, owner: str, secret: str) -> bytes:
        """A secret of staff, sealed for its owner."""
        nonce = self._random_bytes(NONCE_BYTES)
        return nonce + self._secrets.encrypt(nonce, secret.encode(), owner.encode())

    def open_secret(self, owner: str, sealed: bytes) -> str:
        """A secret of staff; SealBroken where it was sealed for somebody else, or changed."""
        try:
            return self._secrets.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.encode()).decode()
        except InvalidTag as error:
            raise SealBroken(
                "a secret of staff does not open: the master key differs, or the row was changed"
            ) from error

    def create(self, person_ids: Iterable[str]) -> dict[str, PersonSeal]:
        """New keys, durable before any row of these people is written."""
        keys = {person_id: self._random_bytes(KEY_BYTES) for person_id in person_ids}
        rows = [{"person_id": person_id, "wrapped": self.wrap(person_id, key)} for person_id, key in keys.items()]
        if rows:
            with self._engine.execution_options(boram_write=True).begin() as connection:
                connection.execute(insert(_person_keys), rows)
        return {person_id: PersonSeal(person_id, key, self._random_bytes) for person_id, key in keys.items()}

    def forget(self, person_id: str, at: int) -> None:
        """Destroy a person's key, for ever, and remember that it was: a restored copy of the books is held to it."""
        with self._engine.execution_options(boram_write=True).begin() as connection:
            connection.execute(delete(_person_keys).where(_person_keys.c.person_id == person_id))
            if not connection.execute(select(_forgotten.c.at).where(_forgotten.c.person_id == person_id)).first():
                connection.execute(insert(_forgotten).values(person_id=person_id, at=at))

    def forgotten(self) -> list[str]:
        """The ids of those who were forgotten."""
        with self._engine.connect() as connection:
            return list(connection.execute(select(_forgotten.c.person_id).order_by(_forgotten.c.at)).scalars())

    def of_many(self, person_ids: Iterable[str]) -> Mapping[str, PersonSeal]:
        """The seals of these people; one who is forgotten is missing from the answer."""
        wanted = list(dict.fromkeys(person_ids))
        seals = {}
        with self._engine.connect() as connection:
            for chunk in chunks(wanted, QUERY_IDS_MAX):
                for person_id, wrapped in connection.execute(_WRAPPED, {"people": chunk}):
                    seals[person_id] = PersonSeal(person_id, self._unwrap(person_id, wrapped), self._random_bytes)
        return seals

    def of(self, person_id: str) -> PersonSeal:
        """One person's seal; PersonForgotten where the key is gone."""
        seal = self.of_many([person_id]).get(person_id)
        if seal is None:
            raise PersonForgotten(
                "this person was forgotten; nothing personal can be read any more",
                "잊힌 분의 정보는 더 이상 볼 수 없습니다",
            )
        return seal

    def rewrap(self, newer: Vault, after: str, rows_max: int) -> str | None:
        """Wrap the next people's keys under another vault's key, in one transaction; the last person's id, None where there was nobody left.

        A key that is wrapped so already is left as it is: a rotation that was cut short begins again.
        """
        with self._engine.execution_options(boram_write=True).begin() as connection:
            rows = connection.execute(
                select(_person_keys.c.person_id, _person_keys.c.wrapped)
                .where(_person_keys.c.person_id > after)
                .order_by(_person_keys.c.person_id)
                .limit(rows_max)
            ).all()
            for person_id, wrapped in rows:
                if not newer.opens(person_id, wrapped):
                    key = self._unwrap(person_id, wrapped)
                    connection.execute(
                        update(_person_keys)
                        .where(_person_keys.c.person_id == person_id)
                        .values(wrapped=newer.wrap(person_id, key))
                    )
        return rows[-1][0] if rows else None

    def wrap(self, person_id: str, key: bytes) -> bytes:
        """A person's key as it is stored."""
        nonce = self._random_bytes(NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, key, person_id.encode())

    def opens(self, person_id: str, wrapped: bytes) -> bool:
        """Whether a stored key opens under this master key."""
        try:
            self._unwrap(person_id, wrapped)
        except SealBroken:
            return False
        return True

    def _unwrap(self, person_id: str, wrapped: bytes) -> bytes:
        try:
            return self._wrapping.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], person_id.encode())
        except InvalidTag as error:
            raise SealBroken("a person's key does not open: is BORAM_HOME/secrets/master.key the right one?") from error
