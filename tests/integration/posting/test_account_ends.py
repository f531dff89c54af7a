"""Closures and merges on the real contract: books, the audit of chain and books, both folds of the lots and contract agree after every step."""

from __future__ import annotations

from ledger_service.domain.batches import BATCH_ENTRIES_MAX
from ledger_service.domain.entries import Kind
from ledger_service.posting.drafts import draft
from ledger_service.services import account_ends, spend
from tests.integration.posting.test_treasury import Treasury, treasury
from tests.integration.posting.town import Town

__all__ = ["treasury"]


def ended(treasury: Treasury, kind: str, *rest: object) -> dict[str, int]:
    propose = getattr(account_ends, f"propose_{kind}")
    approve = getattr(account_ends, f"approve_{kind}")
    made = propose(treasury.context, treasury.first, None, *rest, "why")
    return dict(approve(treasury.context, treasury.second, None, made["id"]))


def test_a_closure_and_a_merge_agree_everywhere(treasury: Treasury) -> None:
    town, context = treasury.place.town, treasury.context
    ann, bob, cid, dan, *_ = treasury.people
    town.credit(1, [ann, bob, cid, dan], units=3)
    treasury.post()
    charge = town.redeem(101, bob, 25)
    treasury.post()

    assert ended(treasury, "closure", ann.id, "died", None)["coins"] == 30
    assert ended(treasury, "closure", dan.id, "moved_away", "F1")["coins"] == 30
    merged = ended(treasury, "merge", bob.id, cid.id)
    assert (merged["coins"], merged["entries"]) == (5, 2)
    town.redeem(101, cid, 7)  # of its own coins, while the merge is on its way
    treasury.post()
    treasury.agree()
    slots = treasury.poster.chain.contract.slots_of([one.account for one in (ann, bob, cid, dan)], "latest")
    assert [(slot.coins, slot.closed) for slot in slots] == [(0, True), (0, True), (28, False), (0, True)]

    # A refund of the merged account's charge comes to its heir, and a later one of the heir's own too.
    with town.journal.write() as unit:
        heir = unit.people.acting(bob.id)
        assert heir is not None
        assert heir.account == cid.account
        unit.commit()
    town.refund(101, cid, 10, charge)
    treasury.post()
    treasury.agree()
    with town.journal.read() as unit:
        (merge,) = [one for one in unit.entries.of_batch(200, 1) if (one.kind, one.ref) == (Kind.MERGE, 0)]
        refunded = unit.batches.read(101, 3)
    assert refunded is not None
    assert (200, merge.seq) in [(need.desk, need.seq) for need in refunded.batch.needs]
    town.redeem(101, cid, 38)
    treasury.post()
    treasury.agree()
    assert town.available([cid]) == [0]
    assert spend.expire_holds(context) == 0


def test_a_lost_chain_comes_back_with_its_closures_and_merges(treasury: Treasury) -> None:
    town = treasury.place.town
    ann, bob, cid, *_ = treasury.people
    town.credit(1, [ann, bob, cid], units=3)
    treasury.post()
    charge = town.redeem(101, bob, 25)
    treasury.post()
    ended(treasury, "merge", bob.id, cid.id)
    ended(treasury, "closure", ann.id, "own_wish", "F1")
    treasury.post()
    town.refund(101, cid, 10, charge)
    treasury.post()
    treasury.place.anvil.restart()
    treasury.poster = treasury.place.poster()
    treasury.poster.prepare()
    treasury.post()
    treasury.agree()


def test_a_full_batch_does_not_part_a_merges_halves(sqlite_town: Town) -> None:
    town = sqlite_town
    ann, bob = town.found(people=2)
    with town.journal.write() as unit:
        unit.accounts.settle(credits={ann.account: 1_000}, refunds={}, refused_refunds={}, refused_debits={})
        assert unit.accounts.debit(ann.account, BATCH_ENTRIES_MAX - 1)
        town._accept(unit, 200, Kind.DONATE, [(bob, 1, 1)] * (BATCH_ENTRIES_MAX - 1), ref=1)
        town._accept(unit, 200, Kind.MERGE, [(ann, 5, 5)], ref=0)
        town._accept(unit, 200, Kind.MERGE, [(bob, 5, 0)], ref=1)
        treasury = unit.master.desk(200)
        assert treasury is not None
        first, _ = draft(unit, treasury, 0)
        assert first is not None
        assert [row.kind for row in first.entries] == [Kind.DONATE] * (BATCH_ENTRIES_MAX - 1)
        unit.connection.exec_driver_sql("DELETE FROM entries WHERE kind = 4")
        second, _ = draft(unit, treasury, 0)
        assert second is not None
        assert [(row.kind, row.ref) for row in second.entries] == [(Kind.MERGE, 0), (Kind.MERGE, 1)]
