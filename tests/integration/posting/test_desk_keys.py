"""New keys for a desk while it works: everything lands once, and the old key lands nothing."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger_service.chain.codec import BatchRefused, Refusal
from ledger_service.chain.hexes import hex_of
from ledger_service.chain.signing import LocalSigner, recover
from ledger_service.domain.entries import Entry, Kind
from ledger_service.errors import Invalid
from ledger_service.posting.landings import read_landings
from ledger_service.services import desk_keys, setup
from ledger_service.services.desk_keys import RevokedAlready
from ledger_service.services.key_changes import REVOKED, RotationMustWait
from tests.integration.posting.hall import Hall, audit_of
from tests.integration.posting.strangers import send_as_stranger
from tests.integration.posting.test_adoption import steal
from tests.integration.posting.town import DAY, SENDER, desk_signer, signer

CUSTOMERS, CHARGES_EACH, ROTATIONS = 4, 10, 3


def rotate(hall: Hall, desk: int, *signers: bytes) -> None:
    """One of the office proposes, another approves."""
    proposal = desk_keys.propose_rotation(hall.books.context, hall.books.office, None, desk, signers)
    setup.approve_orders(hall.books.context, hall.books.second, None, proposal["id"])


def revoke(hall: Hall, desk: int) -> None:
    desk_keys.revoke_keys(hall.books.context, hall.books.office, None, desk, "the clerk's machine was stolen")


def one_pass(hall: Hall) -> int:
    return hall.poster.books_pass() + hall.poster.chain_pass()


def is_rotating(hall: Hall, desk: int) -> bool:
    with hall.books.journal.read() as unit:
        last = unit.desk_keys.history().last(desk)
    return last is not None and not last.is_on_chain


def signers_of_batches(hall: Hall, desk: int) -> list[bytes]:
    """Who signed each batch of a desk."""
    with hall.books.journal.read() as unit:
        rows = unit.batches.of_desk(desk, 0, 500)
    assert {row.state for row in rows} <= {"final"}
    return [recover(row.head, row.signatures[0]) for row in rows]


def refusals(hall: Hall, desk: int) -> list[BatchRefused]:
    latest = int(hall.poster.chain.rpc.call("eth_blockNumber"), 16)
    return [one for one in read_landings(hall.contract, 0, latest).refused if one.desk == desk]


def post_with(hall: Hall, desk: int, key: LocalSigner) -> list[BatchRefused]:
    """What a thief with this key tries; the refusals that came of it."""
    before = len(refusals(hall, desk))
    steal(hall.poster, desk, [Entry(b"\x0a" * 20, Kind.REDEEM, 0, 1, DAY, 999_999)], key)
    return refusals(hall, desk)[before:]


def test_rotating_under_load_lands_every_charge_once_and_ends_the_old_key(hall: Hall, tmp_path: Path) -> None:
    gym = hall.venue("GYM")
    hall.earn(list(range(CUSTOMERS)), "2024-05-01")
    hall.settle()
    hall.counter("GYM")  # known before several charge as this person
    with ThreadPoolExecutor(CUSTOMERS) as counters:
        futures: list[Future[str]] = [
            counters.submit(hall.charge, "GYM", place, 1) for _ in range(CHARGES_EACH) for place in range(CUSTOMERS)
        ]
        for _ in range(ROTATIONS):
            one_pass(hall)
            rotate(hall, gym)
            while is_rotating(hall, gym):
                one_pass(hall)
        charged = {future.result() for future in futures}
    hall.charge("GYM", 0, 1)
    hall.settle()
    assert len(charged) == CUSTOMERS * CHARGES_EACH
    used = signers_of_batches(hall, gym)
    newest = desk_signer(gym, ROTATIONS + 1)
    assert used[-1] == newest.address
    keys = [desk_signer(gym, version).address for version in range(1, ROTATIONS + 2)]
    assert [keys.index(one) for one in used] == sorted(keys.index(one) for one in used), "never back to an old key"
    assert hall.books.account(hall.members[0]["회원번호"]).debited == CHARGES_EACH + 1
    assert refusals(hall, gym) == [], "nothing of ours was sent with a wrong signature"
    (refused,) = post_with(hall, gym, desk_signer(gym))
    assert refused.reason is Refusal.BAD_SIGNATURE
    report = audit_of(hall, tmp_path)
    assert report.holds, report.findings


def test_revoking_stops_at_once_and_what_was_accepted_lands_with_the_new_key(hall: Hall, tmp_path: Path) -> None:
    gym = hall.venue("GYM")
    hall.earn([0], "2024-05-01")
    hall.settle()
    hall.charge("GYM", 0, 3)
    while hall.poster.books_pass():  # signed by the old key, and not sent
        pass
    with hall.books.journal.read() as unit:
        (waiting,) = unit.batches.signed_of([gym], 9)
    revoke(hall, gym)
    hall.charge("GYM", 0, 4)
    hall.settle()
    (refused,) = post_with(hall, gym, desk_signer(gym))
    assert refused.reason is Refusal.BAD_SIGNATURE
    hall.settle()
    with hall.books.journal.read() as unit:
        desk = unit.master.desk(gym)
    assert desk is not None
    assert desk.stopped == REVOKED
    assert (desk.sealed_seq, hall.contract.tips([gym], "latest")[gym].next_seq) == (1, 1), (
        "the signed batch did not land"
    )
    rotate(hall, gym)
    hall.settle()
    assert signers_of_batches(hall, gym) == [desk_signer(gym, 3).address] * 2
    assert hall.contract.head_of(gym, 1, "latest") == waiting.head, "the same batch, signed again"
    assert hall.books.account(hall.members[0]["회원번호"]).debited == 7
    assert audit_of(hall, tmp_path).holds


@pytest.mark.parametrize("comes_first", ["the batch", "the revocation"])
def test_a_batch_on_its_way_when_its_key_is_revoked_lands_once_either_way(hall: Hall, comes_first: str) -> None:
    gym = hall.venue("GYM")
    hall.earn([0], "2024-05-01")
    hall.settle()
    rpc = hall.poster.chain.rpc
    rpc.call("evm_setAutomine", [False])
    hall.charge("GYM", 0, 3)
    while hall.poster.books_pass():
        pass
    hall.poster.sender.send_step()  # sent, and in no block yet
    revoke(hall, gym)
    while hall.poster.books_pass():
        pass
    if comes_first == "the revocation":  # the node forgot ours, and anyone may post the office's
        with hall.books.journal.read() as unit:
            (order,) = [row for row in unit.posts.to_post(9) if row.batch.desk == 0]
            (flying,) = unit.transactions.stored(SENDER.address)
        rpc.call("anvil_dropTransaction", [hex_of(flying.hash)])
        send_as_stranger(hall.poster, [order.signed])
    rpc.call("evm_mine")
    rpc.call("evm_setAutomine", [True])
    hall.settle()
    assert [one.reason for one in refusals(hall, gym)] == (
        [] if comes_first == "the batch" else [Refusal.BAD_SIGNATURE]
    )
    rotate(hall, gym)
    hall.charge("GYM", 0, 4)
    hall.settle()
    old, new = desk_signer(gym).address, desk_signer(gym, 3).address
    assert signers_of_batches(hall, gym) == ([old, new] if comes_first == "the batch" else [new, new])
    assert hall.books.account(hall.members[0]["회원번호"]).debited == 7
    assert hall.poster.findings.all() == {}


def test_nothing_is_signed_by_a_key_whose_order_has_not_landed(hall: Hall) -> None:
    gym = hall.venue("GYM")
    hall.earn([0], "2024-05-01")
    hall.settle()
    hall.keys.outside.add(0)  # the office signs later
    rotate(hall, gym)
    while one_pass(hall):
        pass
    hall.charge("GYM", 0, 3)
    while one_pass(hall):
        pass
    with hall.books.journal.read() as unit:
        assert {(row.batch.desk, row.state) for row in unit.batches.sealed(9)} == {(0, "sealed"), (gym, "sealed")}
    hall.keys.outside.clear()
    hall.settle()
    assert signers_of_batches(hall, gym) == [desk_signer(gym, 2).address]


def test_custody_follows_the_key_and_the_audit_counts_it(hall: Hall, tmp_path: Path) -> None:
    gym, own = hall.venue("GYM"), signer("the gym's own")
    hall.earn([0], "2024-05-01")
    hall.settle()

    def held_by_operator() -> int:
        return audit_of(hall, tmp_path).counts.desks_held_by_operator

    before = held_by_operator()
    rotate(hall, gym, own.address)
    hall.charge("GYM", 0, 3)
    hall.settle()
    with hall.books.journal.read() as unit:
        (waiting,) = unit.batches.sealed(9)
        desk = unit.master.desk(gym)
    assert desk is not None
    assert desk.custody == 1
    with hall.books.journal.write() as unit:
        for key in (desk_signer(gym), own):
            unit.offers.offer(gym, 1, waiting.head, key.sign_digest(waiting.head), hall.books.office.id, 1)
        unit.commit()
    hall.settle()
    assert signers_of_batches(hall, gym) == [own.address]
    assert held_by_operator() == before - 1
    rotate(hall, gym)
    hall.charge("GYM", 0, 3)
    hall.settle()
    assert held_by_operator() == before


def test_a_key_of_the_operator_is_not_registered_as_the_organisations(hall: Hall) -> None:
    gym = hall.venue("GYM")
    for wrong in ([desk_signer(gym).address], [b"\x01" * 20] * 2, [bytes(20)]):
        with pytest.raises(Invalid):
            desk_keys.propose_rotation(hall.books.context, hall.books.office, None, gym, wrong)


def test_one_change_of_keys_at_a_time(hall: Hall) -> None:
    gym = hall.venue("GYM")
    rotate(hall, gym)
    with pytest.raises(RotationMustWait):
        desk_keys.propose_rotation(hall.books.context, hall.books.office, None, gym)
    hall.settle()
    revoke(hall, gym)
    with pytest.raises(RevokedAlready):
        revoke(hall, gym)
    with pytest.raises(RotationMustWait):
        rotate(hall, gym)
    hall.settle()
    rotate(hall, gym)
    hall.settle()
    with hall.books.journal.read() as unit:
        desk = unit.master.desk(gym)
    assert desk is not None
    assert desk.stopped is None
