"""Anyone may post what desks signed."""

from __future__ import annotations

from collections.abc import Sequence

from ledger_service.chain.codec import encode_post
from ledger_service.chain.hexes import hex_of
from ledger_service.chain.signing import sign_transaction
from ledger_service.chain.transactions import TRANSACTION_GAS_MAX, broadcast, nonce_of
from ledger_service.domain.batches import SignedBatch
from ledger_service.posting.loops import Poster
from tests.chain.world import send_and_wait
from tests.integration.posting.town import signer


def post_as_stranger(poster: Poster, batches: Sequence[SignedBatch]) -> None:
    """They stand in a block afterwards."""
    send_and_wait(poster.chain.rpc, signed_by_stranger(poster, batches))


def send_as_stranger(poster: Poster, batches: Sequence[SignedBatch]) -> None:
    """They wait for a block."""
    broadcast(poster.chain.rpc, signed_by_stranger(poster, batches))


def signed_by_stranger(poster: Poster, batches: Sequence[SignedBatch]) -> bytes:
    rpc, stranger, domain = poster.chain.rpc, signer("stranger"), poster.context.domain
    rpc.call("anvil_setBalance", [hex_of(stranger.address), hex(10**20)])
    return sign_transaction(
        stranger, chain_id=domain.chain_id, nonce=nonce_of(rpc, stranger.address, "latest"), to=domain.contract,
        data=encode_post(batches), gas=TRANSACTION_GAS_MAX, max_fee=10**10, max_priority_fee=0,
    ).raw  # fmt: skip
