"""A batch that nobody signs is sealed anew at its place. Whichever of the two lands counts, and no entry is lost or credited twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ledger_service.domain.batches import Batch, SignedBatch
from ledger_service.domain.days import working_days_since
from ledger_service.domain.entries import DeskKind
from ledger_service.journal.people import PersonRow
from ledger_service.posting.loops import Poster
from ledger_service.services.reseal import NotOut, NotOutLongEnough, reseal
from tests.integration.posting.conftest import Place
from tests.integration.posting.hall import Hall
from tests.integration.posting.losing import lost_books, rows_of
from tests.integration.posting.strangers import post_as_stranger
from tests.integration.posting.test_lost_chain import coins_on_chain
from tests.integration.posting.town import signer

DESK = 1
DAY = 86_400


def sign_and_post(poster: Poster, batch: Batch) -> None:
    """The organisation signs after all, and somebody posts it."""
    signature = signer(f"desk {batch.desk}").sign_digest(batch.digest(poster.context.domain))
    post_as_stranger(poster, [SignedBatch(batch, (signature,))])


def out_for_signature(place: Place) -> tuple[Poster, list[PersonRow], Batch]:
    """Ten coins each of a desk whose key is outside, sealed; and later ten more each, accepted."""
    place.town.keys.outside.add(DESK)
    people = place.town.found(people=4)
    place.poster().prepare()
    poster = place.stranger_poster()
    poster.prepare()
    place.town.credit(DESK, people)
    poster.run_until_quiet()
    with place.town.journal.read() as unit:
        old = unit.batches.read(DESK, 1)
    assert old is not None
    assert old.state == "sealed"
    place.town.credit(DESK, people)
    return poster, people, old.batch


def seal_anew(place: Place, poster: Poster) -> Batch:
    """What the service's command asks of posting."""
    with place.town.journal.write() as unit:
        unit.master.set_resealing(DESK, resealing=True)
        unit.commit()
    assert poster.resealing.step() == 1
    poster.books_pass()
    with place.town.journal.read() as unit:
        row = unit.batches.read(DESK, 1)
    assert row is not None
    return row.batch


def check(place: Place, poster: Poster, people: list[PersonRow], coins: int) -> None:
    poster.run_until_quiet()
    assert place.town.available(people) == coins_on_chain(poster, people) == [coins] * len(people)
    assert {name for name in poster.findings.all() if name.startswith("desk")} == set()
    with place.town.journal.read() as unit:
        assert unit.posts.skipped_total() == 0
        assert list(unit.sealing.desks_with_unsealed()) == []


def test_the_replacement_holds_what_came_since_and_the_old_one_lands_no_more(place: Place) -> None:
    poster, people, old = out_for_signature(place)
    new = seal_anew(place, poster)
    assert (new.seq, new.previous_head, new.count) == (old.seq, old.previous_head, 2 * old.count)
    place.town.keys.outside.clear()
    check(place, poster, people, 20)
    sign_and_post(poster, old)
    check(place, poster, people, 20)


@pytest.mark.parametrize("signed", [False, True])
def test_the_old_one_lands_after_all_and_what_it_lacks_is_sealed_again(place: Place, *, signed: bool) -> None:
    poster, people, old = out_for_signature(place)
    new = seal_anew(place, poster)
    if signed:  # and one more stands on it
        place.town.keys.outside.clear()
        poster.books_pass()
        place.town.credit(DESK, people)
        poster.books_pass()
    sign_and_post(poster, old)
    poster.follower.follow_step()
    with place.town.journal.read() as unit:
        row = unit.batches.read(DESK, 1)
    assert row is not None
    assert row.batch == old != new
    place.town.keys.outside.clear()
    check(place, poster, people, 30 if signed else 20)


def test_the_old_one_lands_before_the_replacement_is_sealed(place: Place) -> None:
    poster, people, old = out_for_signature(place)
    with place.town.journal.write() as unit:
        unit.master.set_resealing(DESK, resealing=True)
        unit.commit()
    poster.resealing.step()
    sign_and_post(poster, old)
    poster.follower.follow_step()
    place.town.keys.outside.clear()
    check(place, poster, people, 20)


def test_lost_books_read_the_one_that_landed(place: Place) -> None:
    poster, people, old = out_for_signature(place)
    seal_anew(place, poster)
    sign_and_post(poster, old)
    place.town.keys.outside.clear()
    check(place, poster, people, 20)
    with lost_books(place) as losing:
        lost = losing.nothing()
        again = lost.stranger_poster()
        again.prepare()
        assert set(again.findings.all()) == {"read back"}
        assert rows_of(lost.town)["entries"] == rows_of(place.town)["entries"]


def test_a_batch_that_others_had_signed_and_posted_has_a_bundle(place: Place) -> None:
    poster, people, old = out_for_signature(place)
    folder: Path = poster.context.bundles_folder / str(DESK)
    assert not folder.exists()
    sign_and_post(poster, old)
    poster.follower.follow_step()
    (kept,) = folder.iterdir()
    assert kept.name.startswith("1-")
    shutil.rmtree(folder)
    place.town.keys.outside.clear()
    check(place, poster, people, 20)


def test_three_working_days_have_to_pass(hall: Hall) -> None:
    books, desk = hall.books, hall.books.desk(DeskKind.CENTRE, "SVC")
    with pytest.raises(NotOut):
        reseal(books.context, books.office, None, desk)
    hall.keys.outside.add(desk)
    hall.earn([0], "2024-05-01")
    hall.settle()
    books.clock.seconds += 5 * DAY  # Thursday to Tuesday: three working days
    with pytest.raises(NotOutLongEnough) as refused:
        reseal(books.context, books.office, None, desk)
    assert refused.value.fields["working_days"] == 3
    hall.settle()
    assert f"signature {desk}" not in hall.poster.findings.all()
    books.clock.seconds += DAY
    hall.settle()
    assert f"boram desk reseal {desk}" in hall.poster.findings.all()[f"signature {desk}"]
    assert reseal(books.context, books.office, None, desk)["entries"] == 1
    hall.keys.outside.clear()
    hall.settle()
    assert hall.poster.findings.all() == {}
    assert books.account(hall.members[0]["회원번호"]).available == 40


@pytest.mark.parametrize(
    ("hours", "days"), [(0, 0), (3, 1), (24, 1), (24 * 2, 1), (24 * 3, 1), (24 * 4, 2), (24 * 7, 5), (24 * 14, 10)]
)
def test_working_days_are_seouls(hours: int, days: int) -> None:
    thursday = 1_714_654_800  # 2024-05-02, 22:00 in Seoul
    assert working_days_since(thursday, thursday + hours * 3_600) == days
