"""Keys, signatures, keystores and transactions, held against eth-account."""

from __future__ import annotations

import pickle
import time
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from ledger_service.chain.signing import (
    BadSignature,
    KeystoreUnusable,
    LocalSigner,
    WrongPassphrase,
    create_keystore,
    is_well_known,
    keystore_address,
    new_private_key,
    open_keystore,
    recover,
    sign_transaction,
)

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KEY = b"\x01" * 32
PRIVATE_KEYS = st.integers(1, CURVE_ORDER - 1).map(lambda number: number.to_bytes(32, "big"))
DIGESTS = st.binary(min_size=32, max_size=32)


@given(PRIVATE_KEYS, DIGESTS)
def test_signatures_are_those_of_eth_account_and_lead_back_to_the_key(key: bytes, digest: bytes) -> None:
    signer = LocalSigner(key)
    account = Account.from_key(key)
    signature = signer.sign_digest(digest)
    assert signer.address == bytes.fromhex(account.address[2:])
    assert signature == bytes(account.unsafe_sign_hash(digest).signature)
    assert recover(digest, signature) == signer.address


@given(DIGESTS)
def test_the_mirrored_signature_is_refused(digest: bytes) -> None:
    signature = LocalSigner(KEY).sign_digest(digest)
    high_s = CURVE_ORDER - int.from_bytes(signature[32:64], "big")
    mirrored = signature[:32] + high_s.to_bytes(32, "big") + bytes([27 + 28 - signature[64]])
    with pytest.raises(BadSignature, match="lower half"):
        recover(digest, mirrored)


def test_only_65_bytes_with_v_27_or_28_are_a_signature() -> None:
    digest = b"\x05" * 32
    signature = LocalSigner(KEY).sign_digest(digest)
    for bad in (
        b"",
        signature[:64],
        signature + b"\0",
        signature[:64] + b"\x00",
        signature[:64] + b"\x01",
        signature[:64] + b"\x1d",
        bytes(64) + b"\x1b",
        b"\xff" * 32 + signature[32:],
        signature[:32] + bytes(32) + signature[64:],
    ):
        with pytest.raises(BadSignature):
            recover(digest, bad)


def test_a_signature_of_another_digest_leads_to_another_address() -> None:
    signer = LocalSigner(KEY)
    assert recover(b"\x02" * 32, signer.sign_digest(b"\x01" * 32)) != signer.address


def test_a_signer_shows_its_address_only_and_is_not_written_anywhere() -> None:
    signer = LocalSigner(KEY)
    assert repr(signer) == f"LocalSigner(0x{signer.address.hex()})"
    assert not hasattr(signer, "__dict__")
    with pytest.raises(TypeError, match="not written"):
        pickle.dumps(signer)


@pytest.mark.parametrize("key", [b"", bytes(32), b"\xff" * 32, b"\x01" * 31, b"\x01" * 33])
def test_what_is_no_private_key_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match=r"private key|Secret"):
        LocalSigner(key)


def test_a_new_key_needs_32_bytes_of_entropy_and_depends_on_all() -> None:
    assert len({new_private_key(bytes([number]) * 40) for number in range(50)}) == 50
    assert LocalSigner(new_private_key(bytes(32))).address
    with pytest.raises(ValueError, match="entropy"):
        new_private_key(bytes(31))


def test_the_test_mnemonics_first_20_addresses_are_well_known() -> None:
    Account.enable_unaudited_hdwallet_features()
    mnemonic = "test " * 11 + "junk"
    for index in range(20):
        account = Account.from_mnemonic(mnemonic, account_path=f"m/44'/60'/0'/0/{index}")
        assert is_well_known(bytes.fromhex(account.address[2:]))
    assert not is_well_known(LocalSigner(KEY).address)


class TestKeystore:
    def test_opens_with_its_passphrase_and_is_for_the_owner_only(self, tmp_path: Path) -> None:
        path = tmp_path / "desk.json"
        create_keystore(path, KEY, "열쇠 글", light=True)
        assert path.stat().st_mode & 0o777 == 0o600
        assert open_keystore(path, "열쇠 글").address == LocalSigner(KEY).address == keystore_address(path)
        assert KEY.hex().encode() not in path.read_bytes()

    def test_is_what_eth_account_reads(self, tmp_path: Path) -> None:
        create_keystore(tmp_path / "desk.json", KEY, "pass", light=True)
        assert bytes(Account.decrypt((tmp_path / "desk.json").read_text(), "pass")) == KEY

    def test_a_wrong_passphrase_is_named_as_such(self, tmp_path: Path) -> None:
        create_keystore(tmp_path / "desk.json", KEY, "pass", light=True)
        with pytest.raises(WrongPassphrase, match=r"desk\.json") as refused:
            open_keystore(tmp_path / "desk.json", "Pass")
        assert "Pass" not in str(refused.value)

    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o700, 0o604])
    def test_a_file_open_to_others_is_refused_with_what_to_do(self, tmp_path: Path, mode: int) -> None:
        path = tmp_path / "desk.json"
        create_keystore(path, KEY, "pass", light=True)
        path.chmod(mode)
        with pytest.raises(KeystoreUnusable, match="chmod 600"):
            open_keystore(path, "pass")

    def test_never_overwrites(self, tmp_path: Path) -> None:
        path = tmp_path / "desk.json"
        create_keystore(path, KEY, "pass", light=True)
        before = path.read_bytes()
        with pytest.raises(KeystoreUnusable, match="never overwritten"):
            create_keystore(path, b"\x02" * 32, "pass", light=True)
        assert path.read_bytes() == before

    def test_wants_a_passphrase(self, tmp_path: Path) -> None:
        with pytest.raises(KeystoreUnusable, match="passphrase"):
            create_keystore(tmp_path / "desk.json", KEY, "", light=True)
        assert not (tmp_path / "desk.json").exists()

    @pytest.mark.parametrize(
        "content",
        [b"", b"{}", b"[]", b"\xff", b'{"version":3}', b'{"version":3,"crypto":{}}', b'{"version":9}', b"[" * 20_000],
    )
    def test_another_file_is_not_a_keystore(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "desk.json"
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(KeystoreUnusable, match="not a V3 keystore"):
            open_keystore(path, "pass")

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(KeystoreUnusable, match="cannot be read"):
            open_keystore(tmp_path / "none.json", "pass")


@given(
    key=PRIVATE_KEYS,
    nonce=st.integers(0, 2**40),
    gas=st.integers(0, 16_777_216),
    fees=st.tuples(st.integers(0, 2**60), st.integers(0, 2**60)),
    data=st.one_of(st.binary(max_size=80), st.sampled_from([bytes(55), bytes(56), bytes(256), bytes(70_000)])),
)
def test_a_transaction_is_the_one_that_eth_account_signs(
    key: bytes, nonce: int, gas: int, fees: tuple[int, int], data: bytes
) -> None:
    max_fee, max_priority_fee = fees
    signed = sign_transaction(
        LocalSigner(key),
        chain_id=31337,
        nonce=nonce,
        to=b"\xab" * 20,
        data=data,
        gas=gas,
        max_fee=max_fee,
        max_priority_fee=max_priority_fee,
    )
    fields = {
        "type": 2,
        "chainId": 31337,
        "nonce": nonce,
        "to": to_checksum_address(b"\xab" * 20),
        "value": 0,
        "data": data,
        "gas": gas,
        "maxFeePerGas": max_fee,
        "maxPriorityFeePerGas": max_priority_fee,
    }
    expected = Account.sign_transaction(fields, key)
    assert signed.raw == bytes(expected.raw_transaction)
    assert signed.hash == bytes(expected.hash)


def test_a_transaction_of_200_kilobytes_is_signed_faster_than_by_eth_account() -> None:
    signer, data = LocalSigner(KEY), b"\x5a" * 200_000
    fields = {
        "type": 2, "chainId": 1, "nonce": 0, "to": b"\xab" * 20, "value": 0, "data": data, "gas": 1,
        "maxFeePerGas": 1, "maxPriorityFeePerGas": 1,
    }  # fmt: skip
    ours, theirs = list[float](), list[float]()
    for _ in range(5):
        start = time.perf_counter()
        sign_transaction(signer, chain_id=1, nonce=0, to=b"\xab" * 20, data=data, gas=1, max_fee=1, max_priority_fee=1)
        middle = time.perf_counter()
        Account.sign_transaction(fields, KEY)
        ours.append(middle - start)
        theirs.append(time.perf_counter() - middle)
    assert min(ours) < min(theirs)


def test_signed_text_is_not_a_signed_digest() -> None:
    message = encode_defunct(b"\x01" * 32)
    signature = bytes(Account.sign_message(message, KEY).signature)
    assert recover(b"\x01" * 32, signature) != LocalSigner(KEY).address
