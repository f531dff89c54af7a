"""A key in a KMS: DER, no recovery value and often the higher s become what the contract takes."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger_service.chain.remote_signer import RemoteSigner
from ledger_service.chain.signing import BadSignature, recover

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class FakeKms:
    """Signs as AWS KMS does, with the s that the test wants."""

    def __init__(self, *, high: bool) -> None:
        self.key = ec.generate_private_key(ec.SECP256K1())
        self.high = high

    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign(self, digest: bytes) -> bytes:
        r, s = decode_dss_signature(self.key.sign(digest, ec.ECDSA(Prehashed(SHA256()))))
        low = min(s, ORDER - s)
        return encode_dss_signature(r, ORDER - low if self.high else low)


@pytest.mark.parametrize("high", [True, False])
def test_a_signature_with_either_s_becomes_one_that_the_contract_takes(high: bool) -> None:
    signer = RemoteSigner(FakeKms(high=high))
    for _ in range(16):
        digest = os.urandom(32)
        signature = signer.sign_digest(digest)
        assert recover(digest, signature) == signer.address, "recover refuses what the contract refuses, a high s too"


def test_a_service_that_signs_something_else_or_with_another_key_is_found_out() -> None:
    kms, other = FakeKms(high=False), FakeKms(high=False)
    signer = RemoteSigner(kms)
    kms.key = other.key
    with pytest.raises(BadSignature):
        signer.sign_digest(os.urandom(32))


@pytest.mark.parametrize(
    "answer", [b"", b"\x30", bytes(range(70)), encode_dss_signature(0, 1), encode_dss_signature(1, ORDER)]
)
def test_an_answer_that_is_no_signature_is_refused(answer: bytes) -> None:
    kms = FakeKms(high=False)
    signer = RemoteSigner(kms)
    kms.sign = lambda _digest: answer  # type: ignore[method-assign]
    with pytest.raises(BadSignature):
        signer.sign_digest(os.urandom(32))


def test_a_public_key_of_another_form_is_refused() -> None:
    kms = FakeKms(high=False)
    point = kms.public_key()
    kms.public_key = lambda: point[1:]  # type: ignore[method-assign]
    with pytest.raises(BadSignature):
        RemoteSigner(kms)
