"""What goes wrong on the way: processes that die, chains that forget, replies that get lost. Nothing is lost, nothing comes twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger_service.chain.deploy import ensure_factory
from ledger_service.chain.hexes import hex_of
from ledger_service.chain.identity import NotOurChain
from ledger_service.chain.reader import ChainMoved
from ledger_service.chain.rpc import Rpc, RpcUnavailable
from ledger_service.chain.transactions import broadcast, nonce_of
from ledger_service.domain.batches import SignedBatch
from ledger_service.posting.loops import Poster
from ledger_service.posting.ports import Finality
from ledger_service.posting.rebuild import OtherContract, restore
from tests.integration.posting.conftest import ROOT, Place
from tests.integration.posting.strangers import post_as_stranger
from tests.integration.posting.town import SENDER, poster_of, signer

DEPTH_TWO = Finality(confirmations=2)


def mine(place: Place, blocks: int = 1) -> None:
    place.rpc.call("anvil_mine", [hex(blocks)])


def settle_books(poster: Poster) -> None:
    while poster.books_pass():
        pass


# ---- processes that die


@pytest.mark.parametrize("point", ["after_seal", "after_sign", "after_store", "after_broadcast", "before_mark"])
@pytest.mark.parametrize("times", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_a_process_killed_anywhere_leaves_nothing_undone_or_done_twice(
    sqlite_place: Place, tmp_path: Path, point: str, times: int
) -> None:
    town = sqlite_place.town
    people = town.found(people=40)
    sqlite_place.poster().prepare()
    for desk in (1, 2, 3):
        town.credit(desk, people)
    killed = subprocess.run(
        [
            sys.executable, "-m", "tests.integration.posting.killed_process",
            str(tmp_path), sqlite_place.anvil.url, point, str(times), town.clerk,
        ],
        cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    assert killed.returncode in ((-signal.SIGKILL,) if times == 1 else (-signal.SIGKILL, 0))
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    assert town.available(people) == [30] * len(people)
    assert poster.chain.contract.totals("latest").credited == 30 * len(people)
    assert poster.findings.all() == {}


# ---- chains that forget


def test_a_wiped_embedded_chain_is_rebuilt_from_the_books(place: Place) -> None:
    town = place.town
    people = town.found(people=30)
    poster = place.poster()
    poster.prepare()
    town.credit(1, people, units=3)
    poster.run_until_quiet()
    charge = town.redeem(101, people[0], 10)
    poster.run_until_quiet()
    town.refund(101, people[0], 5, charge)
    poster.run_until_quiet()
    before = town.available(people), poster.chain.contract.status("latest").posts
    place.anvil.restart()
    town.credit(2, people)
    assert poster.chain_pass() >= 0  # sees it and makes the chain again
    poster.run_until_quiet()
    after = [coins + 10 for coins in before[0]]
    assert town.available(people) == after
    assert poster.chain.contract.status("latest").posts == before[1] + 1
    slots = poster.chain.contract.slots_of([person.account for person in people], "latest")
    assert [slot.coins for slot in slots] == after


def test_a_dead_embedded_chain_is_started_again(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    town.credit(1, people)
    poster.run_until_quiet()
    sqlite_place.anvil.stop()
    town.credit(1, people)
    poster.run_until_quiet()
    assert town.available(people) == [20] * len(people)


def test_books_of_another_contract_are_refused_before_a_chain_is_made(sqlite_place: Place) -> None:
    sqlite_place.town.found()
    sqlite_place.poster().prepare()
    with sqlite_place.town.journal.write() as unit:
        identity = unit.chain_marks.identity()
        assert identity is not None
        unit.chain_marks.set_identity(replace(identity, contract=bytes(20)))
        unit.commit()
    with pytest.raises(OtherContract):
        sqlite_place.poster().prepare()


def test_a_chain_that_survived_is_only_checked(sqlite_place: Place) -> None:
    town = sqlite_place.town
    town.found()
    first = sqlite_place.poster()
    first.prepare()
    first.run_until_quiet()
    block = sqlite_place.rpc.call("eth_blockNumber")
    sqlite_place.poster().prepare()
    assert sqlite_place.rpc.call("eth_blockNumber") == block


def test_a_replaced_external_chain_stops_posting_before_anything_is_sent(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    sqlite_place.poster().prepare()
    poster = sqlite_place.stranger_poster()
    poster.prepare()
    poster.run_until_quiet()
    sqlite_place.anvil.restart()
    town.credit(1, people)
    poster.books_pass()
    with pytest.raises(NotOurChain):
        poster.chain_pass()
    assert nonce_of(sqlite_place.rpc, SENDER.address, "latest") == 0
    with pytest.raises(NotOurChain):
        sqlite_place.stranger_poster().prepare()
    with town.journal.read() as unit:
        status = unit.chain_marks.status()
    assert status is not None
    assert status.state == "wrong_chain"


def test_another_chain_that_is_taken_for_ours_gets_everything_in_the_same_order(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    sqlite_place.poster().prepare()
    poster = sqlite_place.stranger_poster()
    poster.prepare()
    for desk in (3, 1, 2):
        town.credit(desk, people)
        poster.run_until_quiet()
    charge = town.redeem(101, people[0], 10)
    poster.run_until_quiet()
    town.refund(101, people[0], 5, charge)
    poster.run_until_quiet()
    before = _places(sqlite_place)
    sqlite_place.anvil.restart()
    ensure_factory(sqlite_place.rpc)
    sqlite_place.rpc.call("anvil_setBalance", [hex_of(SENDER.address), hex(10**24)])
    restore(poster.context, poster.chain)
    poster.run_until_quiet()
    assert _places(sqlite_place) == before
    assert town.available(people) == [25, *[30] * (len(people) - 1)]
    assert poster.findings.all() == {}


def _places(place: Place) -> list[tuple[int | None, tuple[int, int], bytes]]:
    with place.town.journal.read() as unit:
        return [(row.post_number, row.key, row.head) for row in unit.posts.in_post_order(0, 100)]


@pytest.mark.parametrize("depth", [1, 2])
def test_a_reorg_within_the_policy_posts_again_and_pays_once(place: Place, depth: int) -> None:
    town = place.town
    people = town.found()
    poster = place.poster(DEPTH_TWO)
    poster.prepare()
    settle_books(poster)
    for _ in range(3):
        poster.chain_pass()
        mine(place)
    town.credit(1, people)
    settle_books(poster)
    poster.chain_pass()
    mine(place, depth - 1)
    poster.chain_pass()
    assert town.available(people) == [0] * len(people)
    place.rpc.call("anvil_reorg", [depth, []])
    for _ in range(5):
        poster.chain_pass()
        mine(place)
    poster.run_until_quiet()
    assert town.available(people) == [10] * len(people)
    assert poster.findings.all() == {}
    assert poster.chain.contract.totals("latest").credited == 10 * len(people)


def test_a_reorg_deeper_than_the_policy_is_an_alarm_and_still_pays_once(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    town.credit(1, people)
    town.credit(2, people)
    poster.run_until_quiet()
    sqlite_place.rpc.call("anvil_reorg", [1, []])
    poster.run_until_quiet()
    assert town.available(people) == [20] * len(people)
    assert poster.chain.contract.totals("latest").credited == 20 * len(people)
    assert "reorg" in poster.findings.all()
    with town.journal.read() as unit:
        assert unit.posts.lost(10) == []


def test_a_reorg_between_the_look_and_the_reading_is_not_read_over(place: Place) -> None:
    town = place.town
    people = town.found()
    poster = place.poster()
    poster.prepare()
    town.credit(1, people)
    poster.run_until_quiet()
    poster.watch.check()
    place.rpc.call("anvil_reorg", [1, []])
    mine(place, 2)  # the chain is longer than what was read, so that there is something to read on from
    with pytest.raises(ChainMoved):
        poster.follower.follow_step()
    poster.run_until_quiet()
    assert "reorg" in poster.findings.all()
    assert poster.chain.contract.totals("latest").credited == 10 * len(people)
    assert town.available(people) == [10] * len(people)


# ---- transactions that get lost


def test_a_dropped_transaction_is_sent_again_with_the_same_bytes(sqlite_place: Place) -> None:
    town, rpc = sqlite_place.town, sqlite_place.rpc
    people = town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    rpc.call("evm_setAutomine", [False])
    town.credit(1, people)
    settle_books(poster)
    poster.chain_pass()
    with town.journal.read() as unit:
        (stored,) = unit.transactions.stored(SENDER.address)
    rpc.call("anvil_dropTransaction", [hex_of(stored.hash)])
    poster.chain_pass()
    rpc.call("evm_mine", [])
    poster.run_until_quiet()
    assert town.available(people) == [10] * len(people)
    with town.journal.read() as unit:
        assert unit.transactions.stored(SENDER.address) == []
        row = unit.batches.read(1, 1)
    assert row is not None
    assert row.transaction_hash == stored.hash


def test_a_transaction_that_nobody_mines_is_replaced_at_the_same_nonce(sqlite_place: Place) -> None:
    town, rpc = sqlite_place.town, sqlite_place.rpc
    people = town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    rpc.call("evm_setAutomine", [False])
    town.credit(1, people)
    settle_books(poster)
    poster.chain_pass()
    town.clock.seconds += 3_600
    poster.chain_pass()
    with town.journal.read() as unit:
        stored = unit.transactions.stored(SENDER.address)
    assert len({one.nonce for one in stored}) == 1
    assert len({one.hash for one in stored}) == 2
    rpc.call("evm_mine", [])
    rpc.call("evm_setAutomine", [True])
    poster.run_until_quiet()
    assert town.available(people) == [10] * len(people)
    assert poster.chain.contract.totals("latest").credited == 10 * len(people)


def test_a_nonce_that_another_used_gives_the_batch_a_new_transaction(sqlite_place: Place) -> None:
    town, rpc = sqlite_place.town, sqlite_place.rpc
    people = town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    rpc.call("evm_setAutomine", [False])
    town.credit(1, people)
    settle_books(poster)
    poster.chain_pass()
    with town.journal.read() as unit:
        (stored,) = unit.transactions.stored(SENDER.address)
    rpc.call("anvil_dropTransaction", [hex_of(stored.hash)])
    rpc.call("evm_setAutomine", [True])
    rpc.call("anvil_setNonce", [hex_of(SENDER.address), hex(stored.nonce + 1)])
    poster.run_until_quiet()
    assert town.available(people) == [10] * len(people)


class ReorgsAfterTheNonce(Rpc):
    """Forwards every call; after the next answer about a nonce the last block is replaced."""

    is_armed = False

    def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        answer = super().call(method, params)
        if method == "eth_getTransactionCount" and self.is_armed:
            self.is_armed = False
            super().call("anvil_reorg", [1, []])
        return answer


@pytest.mark.parametrize("is_settled", [False, True], ids=["stored", "settled"])
def test_a_reorg_between_two_answers_makes_no_new_transaction(sqlite_place: Place, *, is_settled: bool) -> None:
    town = sqlite_place.town
    people = town.found()
    sqlite_place.poster().prepare()
    with ReorgsAfterTheNonce(sqlite_place.anvil.url) as rpc:
        poster = poster_of(town, rpc, None, finality=DEPTH_TWO)
        poster.run_until_quiet()
        town.credit(1, people)
        settle_books(poster)
        poster.sender.send_step()
        if is_settled:
            poster.sender.send_step()
        with town.journal.read() as unit:
            before = unit.transactions.last_nonce(SENDER.address)
        rpc.is_armed = True
        poster.sender.send_step()
        mine(sqlite_place, 3)
        poster.run_until_quiet()
        mine(sqlite_place, 3)
        poster.run_until_quiet()
    with town.journal.read() as unit:
        assert unit.transactions.last_nonce(SENDER.address) == before
    assert town.available(people) == [10] * len(people)


def test_a_reorg_below_what_waits_gives_no_nonce_to_another_call(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    sqlite_place.poster().prepare()
    with ReorgsAfterTheNonce(sqlite_place.anvil.url) as rpc:
        poster = poster_of(town, rpc, None, finality=DEPTH_TWO)
        poster.run_until_quiet()
        with town.journal.read() as unit:
            before = unit.transactions.last_nonce(SENDER.address)
        rpc.call("evm_setAutomine", [False])
        for _ in range(2):
            town.credit(1, people)
            settle_books(poster)
            poster.sender.send_step()
        with town.journal.read() as unit:
            _, second = unit.transactions.stored(SENDER.address)
        rpc.call("anvil_dropTransaction", [hex_of(second.hash)])
        rpc.call("evm_mine")
        broadcast(rpc, second.raw)
        rpc.is_armed = True  # the first stands in a block that vanishes, the second waits
        for _ in range(4):
            poster.sender.send_step()
            mine(sqlite_place)
    with town.journal.read() as unit:
        assert unit.transactions.last_nonce(SENDER.address) == (before or 0) + 2
    assert sqlite_place.poster().chain.contract.totals("latest").credited == 20 * len(people)


def test_a_batch_that_was_refused_goes_again_when_what_it_waited_for_has_landed_since(sqlite_place: Place) -> None:
    town, rpc = sqlite_place.town, sqlite_place.rpc
    people = town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    town.credit(1, people)
    settle_books(poster)
    with town.journal.read() as unit:
        first = unit.posts.to_post(10)
    rpc.call("evm_setAutomine", [False])
    poster.sender.send_step()
    town.credit(1, people)
    settle_books(poster)
    poster.sender.send_step()
    with town.journal.read() as unit:
        lost, sent = unit.transactions.stored(SENDER.address)
    rpc.call("anvil_dropAllTransactions")
    rpc.call("anvil_setNonce", [hex_of(SENDER.address), hex(sent.nonce)])
    broadcast(rpc, sent.raw)
    rpc.call("evm_setAutomine", [True])
    mine(sqlite_place)  # refused: the batch before it is not there
    post_as_stranger(poster, [row.signed for row in first])
    poster.run_until_quiet()
    assert lost.nonce < sent.nonce
    assert town.available(people) == [20] * len(people)


class LosesReplies(Rpc):
    """Forwards every call; every second send is answered by silence."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.sends = 0

    def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        answer = super().call(method, params)
        if method == "eth_sendRawTransaction":
            self.sends += 1
            if self.sends % 2:
                raise RpcUnavailable("the reply was lost")
        return answer


def test_a_lost_reply_means_unknown_and_nothing_comes_twice(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    sqlite_place.poster().prepare()
    with LosesReplies(sqlite_place.anvil.url) as rpc:
        poster = poster_of(town, rpc, None)
        for desk in (1, 2, 3):
            town.credit(desk, people)
        for _ in range(20):
            poster.books_pass()
            try:
                poster.chain_pass()
            except RpcUnavailable:
                continue
    assert rpc.sends > 1
    assert town.available(people) == [30] * len(people)
    assert sqlite_place.poster().chain.contract.totals("latest").credited == 30 * len(people)


def test_a_stranger_may_post_our_batch_and_the_books_follow(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    town.credit(1, people)
    settle_books(poster)
    nonce = nonce_of(sqlite_place.rpc, SENDER.address, "latest")
    with town.journal.read() as unit:
        rows = unit.posts.to_post(10)
    post_as_stranger(poster, [row.signed for row in rows])
    poster.run_until_quiet()
    assert town.available(people) == [10] * len(people)
    assert nonce_of(sqlite_place.rpc, SENDER.address, "latest") == nonce


def test_an_organisation_may_sign_and_post_its_own_batch(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    town.keys.outside.add(1)
    town.credit(1, people)
    settle_books(poster)
    with town.journal.read() as unit:
        (row,) = unit.batches.sealed(10)
    signature = signer("desk 1").sign_digest(row.head)
    post_as_stranger(poster, [SignedBatch(row.batch, (signature,))])
    poster.run_until_quiet()
    assert town.available(people) == [10] * len(people)
    with town.journal.read() as unit:
        stored = unit.batches.read(1, 1)
    assert stored is not None
    assert stored.signatures == (signature,)


def test_worthless_signatures_of_a_stranger_do_not_stop_a_desk(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    poster = sqlite_place.poster()
    poster.prepare()
    poster.run_until_quiet()
    town.credit(1, people)
    settle_books(poster)
    with town.journal.read() as unit:
        (row,) = unit.posts.to_post(10)
    post_as_stranger(poster, [SignedBatch(row.batch, (bytes(65),))])
    poster.follower.follow_step()
    poster.run_until_quiet()
    assert town.available(people) == [10] * len(people)
    assert poster.findings.all() == {}
